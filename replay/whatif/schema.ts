import { z } from "zod";

/** Name and version of the format. Fields are only ever added under the same version. */
export const WHATIF_SCHEMA = "qkc-whatif/1";

const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected a hash: 64 lower-case hex digits");
const integer = z.string().regex(/^-?(0|[1-9][0-9]*)$/, "expected a whole number as text");
const count = z.int().nonnegative();
const height = z.int().nonnegative();
const shardId = z.int().positive();

const blockShape = {
  fullShardId: shardId,
  height,
  hash,
  /** Root block that confirms it; null where none does yet. */
  rootHeight: height.nullable(),
};

/** How a transaction or deposit ends. */
const endingSchema = z.strictObject({
  /** "refused": the block could not hold it. "credited": a deposit from before contracts were enabled. */
  status: z.enum(["success", "failure", "refused", "credited"]),
  gas: integer,
  logs: count,
  /** Why it was refused. */
  reason: z.string().nullable(),
});

/** A rule switch in the smallest set that makes a difference. */
const switchInSetSchema = z.strictObject({
  name: z.string(),
  /** Gas that it alone adds; null where the transaction is refused under it. */
  gas: integer.nullable(),
  /** What it alone changes first; null where that was not looked for. */
  where: z.string().nullable(),
});

/** A transaction or deposit that would end otherwise. */
const changeSchema = z.strictObject({
  ...blockShape,
  kind: z.enum(["transaction", "deposit"]),
  /** Among those of its kind in the block. */
  index: count,
  transactionHash: hash,
  /** "state" beyond the balances that pay for gas, in which stateEntries entries differ. */
  differs: z.array(z.enum(["status", "gas", "logs", "contract", "sends", "state"])),
  before: endingSchema,
  after: endingSchema,
  stateEntries: count,
  /** Smallest set of switches without which it would end as it did. */
  switches: z.array(switchInSetSchema).min(1),
});

/** A block that differs in more than its transactions and deposits one by one. */
const blockChangeSchema = z.strictObject({
  ...blockShape,
  /** "invalid": it could not be executed. "together": only what its transactions do to each other differs. */
  kind: z.enum(["invalid", "together"]),
  /** Index of the transaction to blame; null where none is. */
  transactionIndex: count.nullable(),
  reason: z.string(),
  /** Smallest set without which the block could be executed, or would be as it was. */
  switches: z.array(z.string()).min(1),
});

/** How often a switch is in the smallest set of a difference. */
const groupSchema = z.strictObject({
  name: z.string(),
  transactions: count,
  deposits: count,
  /** Of both, those that no other switch concerns. */
  alone: count,
  /** Blocks that it makes differ in more than their transactions and deposits one by one. */
  blocks: count,
  /** Of both, those that would no more succeed, or succeed instead. */
  statusChanged: count,
  /** Sum of what the switch alone adds. */
  gas: integer,
});

const findingShape = {
  fullShardId: shardId.nullable(),
  height: height.nullable(),
  message: z.string(),
};

const countsShape = {
  minorBlocks: count,
  transactions: count,
  deposits: count,
  /** Blocks whose outcome is another one. */
  changedBlocks: count,
  invalidBlocks: count,
  changedTransactions: count,
  changedDeposits: count,
  newlyFailing: count,
  newlySucceeding: count,
  refused: count,
  /** Transactions and deposits that only differ because an earlier one of their block does. */
  consequences: count,
  /** Of all changed transactions and deposits that are not refused. */
  gasBefore: integer,
  gasAfter: integer,
};

/** What one range gave. Plain data: it crosses threads. */
export const whatifRangeSchema = z.strictObject({
  index: count,
  counts: z.strictObject(countsShape),
  groups: z.array(groupSchema),
  changes: z.array(changeSchema),
  /** Changes beyond the first ones, which are counted only. */
  omitted: count,
  blockChanges: z.array(blockChangeSchema),
  unsupported: z.array(z.strictObject(findingShape)),
  damage: z.array(z.strictObject(findingShape)),
  warnings: z.array(z.string()),
});

export const whatifReportSchema = z.strictObject({
  schema: z.literal(WHATIF_SCHEMA),
  command: z.literal("whatif"),
  verdict: z.enum(["same", "different", "unsupported", "damaged", "interrupted", "error"]),
  provenance: z.strictObject({
    program: z.string(),
    version: z.string(),
    database: z.strictObject({ kind: z.string(), genesisHash: hash, tipHash: hash, tipHeight: height }),
    configHash: hash,
    /** Rules that history is judged by. */
    reference: z.string(),
    /** Rules that it ran under here. */
    rules: z.string(),
  }),
  range: z.strictObject({ rootFrom: height, rootTo: height, shards: z.array(shardId), unconfirmed: z.boolean() }),
  counts: z.strictObject(countsShape),
  /** Part of all transactions, and of all deposits, that would end otherwise; 0 to 1. */
  share: z.strictObject({ transactions: z.number(), deposits: z.number() }),
  /** Every switch between the two rule sets, also those that concern nothing here. */
  switches: z.array(z.strictObject({ ...groupSchema.shape, title: z.string(), effect: z.string(), share: z.number() })),
  changes: z.array(changeSchema),
  omitted: count,
  blockChanges: z.array(blockChangeSchema),
  unsupported: z.array(z.strictObject(findingShape)),
  damage: z.array(z.strictObject(findingShape)),
  warnings: z.array(z.string()),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  timing: z.strictObject({
    startedAt: z.iso.datetime(),
    seconds: z.number(),
    cpuSeconds: z.number(),
    workers: count,
    ranges: count,
    blocksPerSecond: z.number(),
    databasePath: z.string(),
    node: z.string(),
  }),
});

export type Change = z.infer<typeof changeSchema>;
export type Ending = z.infer<typeof endingSchema>;
export type BlockChange = z.infer<typeof blockChangeSchema>;
export type Group = z.infer<typeof groupSchema>;
export type WhatifCounts = z.infer<typeof whatifRangeSchema>["counts"];
export type WhatifRange = z.infer<typeof whatifRangeSchema>;
export type WhatifReport = z.infer<typeof whatifReportSchema>;
