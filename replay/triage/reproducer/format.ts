import { z } from "zod";
import { type Address, addressFromHex, fromHex, type Hash32, hashFromHex, toHex } from "../../../node/codec/bytes.ts";
import { code } from "./code-runs.ts";

/*
 * A reproducer: one block, or what is left of it, with all that its execution depends on, what is expected of it and
 * what came out instead. Bytes are 0x and hex, quantities decimal texts, heights and times numbers.
 */

export const FORMAT = "qkc-reproducer/1";

const UINT32_MAX = 0xffffffff;
const hexPattern = /^0x([0-9a-f]{2})*$/;
const addressText = z.string().regex(/^0x[0-9a-f]{40}$/, "expected an address: 0x and 40 lower-case hex digits");
/** A slot or another word: 0x and hex without leading zeros. */
const wordText = z.string().regex(/^0x(0|[1-9a-f][0-9a-f]{0,63})$/, "expected a word: 0x and hex, no leading zeros");
const quantityText = z.string().regex(/^(0|[1-9][0-9]{0,78})$/, "expected a number: decimal digits, at most 79");

const quantity = z.codec(quantityText, z.bigint(), { decode: BigInt, encode: String });
const word = z.codec(wordText, z.bigint(), { decode: BigInt, encode: (value) => `0x${value.toString(16)}` });
/** A balance can be below zero: see run-message.ts giveBackGas. */
const amount = z.codec(z.string().regex(/^-?(0|[1-9][0-9]{0,99})$/, "expected a number"), z.bigint(), {
  decode: BigInt,
  encode: String,
});
const bytes = z.codec(z.string().regex(hexPattern, "expected bytes: 0x and lower-case hex"), z.custom<Uint8Array>(), {
  decode: (text) => fromHex(text),
  encode: (value) => `0x${toHex(value)}`,
});
const address = z.codec(addressText, z.custom<Address>(), {
  decode: (text) => addressFromHex(text),
  encode: (value) => `0x${toHex(value)}`,
});
/** More than any block has: more would only keep a machine busy. */
const gas = quantity.refine((value) => value <= 1n << 40n, "expected at most 2^40 gas");
const hash = z.codec(
  z.string().regex(/^0x[0-9a-f]{64}$/, "expected a hash: 0x and 64 lower-case hex digits"),
  z.custom<Hash32>(),
  { decode: (text) => hashFromHex(text), encode: (value) => `0x${toHex(value)}` },
);
const count = z.int().nonnegative();
const uint32 = z.int().nonnegative().max(UINT32_MAX);
const time = count.nullable();

/** Amounts by token id. */
const balances = z.record(quantityText, amount);
const storage = z.record(wordText, word);

const accountSchema = z.strictObject({
  nonce: quantity,
  /** An amount of zero stands for none. */
  balances,
  /** Whether the balances are kept in a token trie, as those of more than 16 tokens are for good. */
  hasTokenTrie: z.literal(true).optional(),
  code,
  storage,
  /** An account without anything is there for this alone: it is the key under which it will be born. */
  fullShardKey: uint32,
});

const qkcAddress = z.strictObject({ recipient: address, fullShardKey: uint32 });

const depositSchema = z.strictObject({
  txHash: hash,
  from: qkcAddress,
  to: qkcAddress,
  value: quantity,
  gasPrice: quantity,
  gasTokenId: quantity,
  transferTokenId: quantity,
  gasRemained: gas,
  messageData: bytes,
  createContract: z.boolean(),
  isFromRootChain: z.boolean(),
  refundRate: z.int().nonnegative(),
});

const cursorSchema = z.strictObject({ rootBlockHeight: count, minorBlockIndex: count, xshardDepositIndex: count });

const configSchema = z.strictObject({
  fullShardId: uint32,
  networkId: quantity,
  ethChainId: quantity,
  /** Number of shards by chain id. */
  shardSizes: z.record(
    z.string().regex(/^\d{1,10}$/),
    z
      .int()
      .positive()
      .max(1 << 16),
  ),
  genesisToken: quantity,
  defaultChainToken: quantity,
  /** Part of a fee that the coinbase gets. */
  localFeeRate: z.strictObject({ numerator: quantity, denominator: quantity.refine((value) => value > 0n) }),
  enableTxTimestamp: time,
  txWhitelistSenders: z.array(address),
  enableEvmTimestamp: time,
  enableEip155SignerTimestamp: time,
  xshardGasDdosFixRootHeight: count,
  /** When precompiles and system contracts start; null: never. */
  precompiles: z.strictObject({ evm: time, nonReservedNativeToken: time, generalNativeToken: time }),
});

const blockSchema = z.strictObject({
  height: count,
  timestamp: count,
  coinbase: address,
  difficulty: quantity,
  gasLimit: gas,
  xshardGasLimit: gas,
  /** By distance, 1 for the parent: those that were asked for. */
  ancestorHashes: z.record(z.string().regex(/^\d{1,3}$/), hash),
  /** Locked stake by sender. */
  senderDisallowMap: z.record(addressText, quantity),
  reachableShards: z.array(uint32),
  blockReward: balances,
  exhaustedCursor: cursorSchema,
});

const transactionSchema = z.strictObject({
  /** As blocks carry it. */
  rlp: bytes,
  /** Whose signature it bears, where the case has been given a sender of its own. */
  secretKey: z
    .codec(z.string().regex(/^0x[0-9a-f]{64}$/), z.custom<Uint8Array>(), {
      decode: (text) => fromHex(text),
      encode: (value) => `0x${toHex(value)}`,
    })
    .optional(),
});

const logSchema = z.strictObject({ address, topics: z.array(bytes), data: bytes });

const unitSchema = z.strictObject({
  kind: z.enum(["deposit", "transaction"]),
  /** Among the case's receipts of its kind. */
  index: count,
  success: z.boolean(),
  /** Of the case up to and including this one. */
  cumulativeGasUsed: quantity,
  logs: z.array(logSchema),
  /** Bits that are set in the 2048 of the filter. */
  bloom: z.array(z.int().min(0).max(2047)),
  contractAddress: bytes,
  contractFullShardKey: uint32,
});

/** What is known of an account afterwards; fields that are left out are not looked at. */
const accountAfterSchema = z.strictObject({
  nonce: quantity.optional(),
  balances: balances.optional(),
  codeHash: hash.optional(),
  storage: storage.optional(),
  fullShardKey: uint32.optional(),
});

const executedSchema = z.strictObject({
  status: z.literal("EXECUTED"),
  units: z.array(unitSchema).optional(),
  gasUsed: quantity.optional(),
  xshardReceiveGasUsed: quantity.optional(),
  xshardCursor: cursorSchema.optional(),
  depositsConsumed: count.optional(),
  coinbaseAmounts: balances.optional(),
  xshardSends: z.array(depositSchema).optional(),
  senders: z.array(address).optional(),
  /** Bits that are set. */
  bloom: z.array(z.int().min(0).max(2047)).optional(),
  receiptRoot: hash.optional(),
  /** Of the case's own state, which holds the entries that matter and no others. */
  stateRoot: hash.optional(),
  /** By address; null: absent. */
  state: z.record(addressText, accountAfterSchema.nullable()).optional(),
});

const rejectedSchema = z.strictObject({
  status: z.literal("INVALID"),
  transactionIndex: count.nullable(),
  /** For people; not compared. */
  reason: z.string(),
});

const outcomeSchema = z.discriminatedUnion("status", [executedSchema, rejectedSchema]);

const differenceSchema = z.strictObject({
  /** "transaction 0", "deposit 2", "block" or "state". */
  where: z.string(),
  field: z.string(),
  expected: z.string(),
  got: z.string(),
});

/** What an execution depends on. */
export const caseSchema = z.strictObject({
  config: configSchema,
  block: blockSchema,
  deposits: z.array(z.strictObject({ deposit: depositSchema, cursor: cursorSchema })),
  transactions: z.array(transactionSchema),
  /** The state before, by address: only what is read or written. */
  pre: z.record(addressText, accountSchema),
});

export const reproducerSchema = z.strictObject({
  format: z.literal(FORMAT),
  about: z.strictObject({
    id: z.string(),
    /** Where it was found. */
    fullShardId: uint32,
    height: count,
    hash,
    program: z.string(),
    /** Who says what is expected: the block itself or another execution, by name. */
    expected: z.strictObject({ source: z.enum(["declared", "execution"]), name: z.string() }),
    got: z.strictObject({ name: z.string() }),
    differences: z.array(differenceSchema),
  }),
  /** Rule set under which it failed. */
  rules: z.string().max(1000),
  ...caseSchema.shape,
  expected: outcomeSchema,
  got: outcomeSchema,
});

export type Reproducer = z.infer<typeof reproducerSchema>;
export type ReproducerCase = z.infer<typeof caseSchema>;
export type PreAccount = z.infer<typeof accountSchema>;
export type AccountAfter = z.infer<typeof accountAfterSchema>;
export type Outcome = z.infer<typeof outcomeSchema>;
export type ExecutedOutcome = z.infer<typeof executedSchema>;
export type OutcomeUnit = z.infer<typeof unitSchema>;
export type OutcomeDifference = z.infer<typeof differenceSchema>;
