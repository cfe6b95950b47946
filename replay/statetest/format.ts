import { z } from "zod";
import { addressFromHex, fromHex, hashFromHex } from "../../node/codec/bytes.ts";
import { issueLines } from "../text/issue-lines.ts";

/*
 * Ethereum's GeneralStateTests format as pyquarkchain's runner reads it (quarkchain/evm/tests/new_statetest_utils.py),
 * with its own additions: `balances` by token, `transferTokenId`, and times of precompiles in `overrides`.
 */

const bytes = z.string().transform((text) => fromHex(text));
const address = z.string().transform((text) => addressFromHex(text));
/** Hex with 0x, also without digits or with leading zeros, or decimal. */
const quantity = z
  .string()
  .regex(/^(0x[0-9a-fA-F]*|[0-9]*)$/, "expected a number, decimal or hex with 0x")
  .transform((text) => (text === "" || text === "0x" ? 0n : BigInt(text)));
const place = z.int().nonnegative();

const accountSchema = z.object({
  nonce: quantity,
  /** Of the default token; not read where there are `balances`. */
  balance: quantity.optional(),
  balances: z.record(z.string(), quantity).optional(),
  code: bytes,
  storage: z.record(z.string(), quantity),
});

const environmentSchema = z.object({
  currentCoinbase: address,
  currentDifficulty: quantity,
  currentGasLimit: quantity,
  currentNumber: quantity,
  currentTimestamp: quantity,
  overrides: z
    .object({ specialContractTimestamp: z.array(z.object({ address, timestamp: z.number() })).optional() })
    .optional(),
});

const transactionSchema = z.object({
  nonce: quantity,
  gasPrice: quantity,
  gasLimit: z.array(quantity),
  to: z.string(),
  value: z.array(quantity),
  data: z.array(bytes),
  transferTokenId: z.array(quantity).optional(),
  secretKey: bytes,
});

const expectedResultSchema = z.object({
  /** State root. */
  hash: z.string().transform((text) => hashFromHex(text)),
  /** Which of the transaction's alternatives were taken. */
  indexes: z.object({ data: place, gas: place, value: place, transferTokenId: place.optional() }),
});

const stateTestSchema = z.object({
  env: environmentSchema,
  pre: z.record(z.string(), accountSchema),
  transaction: transactionSchema,
  /** By fork. */
  post: z.record(z.string(), z.array(expectedResultSchema)),
});

export type PreAccount = z.infer<typeof accountSchema>;
export type Environment = z.infer<typeof environmentSchema>;
export type TestTransaction = z.infer<typeof transactionSchema>;
export type ExpectedResult = z.infer<typeof expectedResultSchema>;
export type StateTest = z.infer<typeof stateTestSchema>;

/** What a file holds, by name; anything with an `env` is a state test (new_statetest_utils.py verify_state_test). */
export function readTestFile(text: string): Map<string, StateTest | undefined> {
  const tests: unknown = JSON.parse(text);
  if (typeof tests !== "object" || tests === null) return new Map();
  return new Map(
    Object.entries(tests).map(([name, test]) => [name, isStateTest(test) ? parse(name, test) : undefined]),
  );
}

function isStateTest(test: unknown): boolean {
  return typeof test === "object" && test !== null && "env" in test;
}

function parse(name: string, test: unknown): StateTest {
  const parsed = stateTestSchema.safeParse(test);
  if (parsed.success) return parsed.data;
  throw new Error(`${name} does not follow the format:${issueLines(parsed.error).join(";")}`);
}
