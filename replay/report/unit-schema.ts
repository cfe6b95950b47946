import { z } from "zod";

const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected a hash: 64 lower-case hex digits");

/** A deposit, a transaction, or what the block itself pays at its end. */
export const unitSchema = z.strictObject({
  kind: z.enum(["deposit", "transaction", "reward"]),
  index: z.int().nonnegative(),
  hash: hash.nullable(),
});

export type Unit = z.infer<typeof unitSchema>;
