import { z } from "zod";
import { unitSchema } from "./unit-schema.ts";

const count = z.int().nonnegative();
/** Bytes that may be cut, with a mark where they are. */
const cutHex = z.string().regex(/^0x([0-9a-f]{2})*…?$/, "expected bytes: 0x and hex digits");
const address = z.string().regex(/^0x[0-9a-f]+$/, "expected an address: 0x and hex digits");

const callArgumentSchema = z.strictObject({ name: z.string(), value: z.string() });

/** A message of a unit. Names are null where nobody gave them. */
const callViewSchema = z.strictObject({
  kind: z.enum(["CALL", "CALLCODE", "DELEGATECALL", "STATICCALL", "CREATE", "CREATE2"]),
  /** Messages above it. */
  depth: count,
  from: address,
  to: address.nullable(),
  contract: z.string().nullable(),
  selector: z.string().nullable(),
  function: z.string().nullable(),
  arguments: z.array(callArgumentSchema).nullable(),
  input: cutHex,
  value: z.string(),
  token: z.string(),
  gasIn: z.string(),
  gasOut: z.string(),
  ownGas: z.string(),
  success: z.boolean(),
  failure: z.string().nullable(),
  output: cutHex,
});

const sentDepositSchema = z.strictObject({
  from: address,
  to: address,
  createsContract: z.boolean(),
  value: z.string(),
  token: z.string(),
  gas: z.string(),
});

const gasOfFunctionSchema = z.strictObject({
  contract: z.string(),
  function: z.string(),
  calls: count,
  gas: z.string(),
});

/** What a unit calls by one rule set: a tree in the order of its calls, told by their depths. */
export const callsOfUnitSchema = z.strictObject({
  execution: z.string(),
  unit: unitSchema,
  success: z.boolean().nullable(),
  gasUsed: z.string().nullable(),
  calls: z.array(callViewSchema),
  omitted: count,
  sent: z.array(sentDepositSchema),
  gas: z.array(gasOfFunctionSchema),
});

export type CallArgument = z.infer<typeof callArgumentSchema>;
export type CallView = z.infer<typeof callViewSchema>;
export type SentDeposit = z.infer<typeof sentDepositSchema>;
export type GasOfFunction = z.infer<typeof gasOfFunctionSchema>;
export type CallsOfUnit = z.infer<typeof callsOfUnitSchema>;
