import { z } from "zod";
import { addressFromHex, fromHex, hashFromHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { issueLines } from "../text/issue-lines.ts";
import { addressOfKey } from "./sender-address.ts";

/*
 * Ethereum's GeneralStateTests format as pyquarkchain's runner reads it (quarkchain/evm/tests/new_statetest_utils.py),
 * with its own additions: `balances` by token, `transferTokenId`, and times of precompiles in `overrides`.
 */

const bytes = z.string().transform((text) => fromHex(text));
const address = z.string().transform((text) => addressFromHex(text));
/** Hex with 0x, also without digits or with leading zeros, or decimal. Numbers that no field holds have a mark before them. */
const quantity = z
  .string()
  .transform((text) => text.replace(/^0x:bigint /, ""))
  .pipe(z.string().regex(/^(0x[0-9a-fA-F]*|[0-9]*)$/, "expected a number, decimal or hex with 0x"))
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
  currentDifficulty: quantity.default(0n),
  /** What 0x44 shows from the merge on. */
  currentRandom: quantity.optional(),
  /** From EIP-1559 on. */
  currentBaseFee: quantity.optional(),
  /** From EIP-4844 on. */
  currentExcessBlobGas: quantity.optional(),
  currentGasLimit: quantity,
  currentNumber: quantity,
  currentTimestamp: quantity,
  overrides: z
    .object({ specialContractTimestamp: z.array(z.object({ address, timestamp: z.number() })).optional() })
    .optional(),
});

const accessListSchema = z.array(z.object({ address, storageKeys: z.array(quantity) }));

const authorizationSchema = z.object({
  chainId: quantity,
  address,
  nonce: quantity,
  v: quantity.optional(),
  yParity: quantity.optional(),
  r: quantity,
  s: quantity,
});

const signedBy = z.object({ sender: address.optional(), secretKey: bytes.optional() }).transform((fields, context) => {
  const sender = fields.sender ?? (fields.secretKey && addressOfKey(fields.secretKey));
  if (sender !== undefined) return { sender };
  context.addIssue({ code: "custom", message: "expected a sender, or a secretKey of a sender" });
  return z.NEVER;
});

const transactionFields = z.object({
  nonce: quantity,
  /** Absent in a transaction of EIP-1559 or later. */
  gasPrice: quantity.optional(),
  maxFeePerGas: quantity.optional(),
  maxPriorityFeePerGas: quantity.optional(),
  maxFeePerBlobGas: quantity.optional(),
  blobVersionedHashes: z.array(bytes).optional(),
  authorizationList: z.array(authorizationSchema).optional(),
  /** One for each alternative of `data`. */
  accessLists: z.array(accessListSchema.nullable()).optional(),
  gasLimit: z.array(quantity),
  to: z.string().default(""),
  value: z.array(quantity),
  data: z.array(bytes),
  transferTokenId: z.array(quantity).optional(),
});

const transactionSchema = z.intersection(transactionFields, signedBy);

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
  post: z.record(z.string(), z.array(expectedResultSchema)).default({}),
});

export type PreAccount = z.infer<typeof accountSchema>;
export type Environment = z.infer<typeof environmentSchema>;
export type TestTransaction = z.infer<typeof transactionSchema>;
export type Authorization = z.infer<typeof authorizationSchema>;
export type ExpectedResult = z.infer<typeof expectedResultSchema>;
export type StateTest = z.infer<typeof stateTestSchema>;

/** What a file holds, by name; anything with an `env` is a state test (new_statetest_utils.py verify_state_test). */
export function readTestFile(text: string): Map<string, UnreadTest> {
  const tests: unknown = JSON.parse(text);
  if (typeof tests !== "object" || tests === null) return new Map();
  return new Map(Object.entries(tests).map(([name, test]) => [name, new UnreadTest(name, test)]));
}

/** One of a file's tests, whose form is asked for once it is known that something is to be run. */
export class UnreadTest {
  readonly #name: string;
  readonly #test: unknown;

  constructor(name: string, test: unknown) {
    this.#name = name;
    this.#test = test;
  }

  /** Names of the forks for which it has results; undefined where it is no state test. */
  get forks(): readonly string[] | undefined {
    const test = this.#test;
    if (typeof test !== "object" || test === null || !("env" in test)) return undefined;
    return "post" in test && typeof test.post === "object" && test.post !== null ? Object.keys(test.post) : [];
  }

  /** Throws UsageError where it does not follow the format. */
  read(): StateTest {
    const parsed = stateTestSchema.safeParse(this.#test);
    if (parsed.success) return parsed.data;
    throw new UsageError([`${this.#name} does not follow the format:`, ...issueLines(parsed.error)]);
  }
}
