import { z } from "zod";
import { divergenceClassSchema, triageSchema } from "./triage-schema.ts";

/** Name and version of the report format. Fields are only ever added under the same version. */
export const REPORT_SCHEMA = "qkc-report/1";

const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected a hash: 64 lower-case hex digits");
const decimal = z.string().regex(/^(0|[1-9][0-9]*)$/, "expected a decimal number as text");
const count = z.int().nonnegative();
const height = z.int().nonnegative();
const shardId = z.int().positive();

const divergenceSchema = z.strictObject({
  fullShardId: shardId.nullable(),
  height,
  hash,
  rootHeight: height.nullable(),
  rootHash: hash.nullable(),
  fields: z.array(z.strictObject({ field: z.string(), declared: z.string(), computed: z.string() })),
  violations: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  /** Groups divergences with one cause; null where the closer look failed. */
  class: z.string().nullable(),
  /** Reason of the allowlist's entry that covers it; null where none does. */
  allowed: z.string().nullable(),
  /** Null for all but the first ones of a class. */
  triage: triageSchema.nullable(),
});

/** As it is found; its report says only the name of its cause. */
const foundDivergenceSchema = divergenceSchema.extend({
  /** The switches of other rules that explain it, by which its class is named; empty where none do. */
  switches: z.array(z.string()),
});

const unsupportedSchema = z.strictObject({
  fullShardId: shardId.nullable(),
  height: height.nullable(),
  hash: hash.nullable(),
  rootHeight: height.nullable(),
  message: z.string(),
});

const damageSchema = z.strictObject({
  fullShardId: shardId.nullable(),
  height: height.nullable(),
  hash: hash.nullable(),
  rootHeight: height.nullable(),
  message: z.string(),
  file: z.string().nullable(),
  offset: count.nullable(),
  key: z.string().nullable(),
});

const totalsShape = {
  minorBlocks: count,
  transactions: count,
  deposits: count,
  gasUsed: decimal,
  xshardGasUsed: decimal,
};
const totalsSchema = z.strictObject({ rootBlocks: count, ...totalsShape });

/**
 * A contiguous piece of a run: the root blocks first..last and every minor block that they confirm, or (unconfirmed)
 * the minor blocks above the last of them that no root block confirms yet.
 */
export const rangeSchema = z.strictObject({
  index: count,
  firstRootHeight: height,
  lastRootHeight: height,
  unconfirmed: z.boolean(),
  /** In the units of work/plan.ts. */
  weight: z.number().nonnegative(),
});

/** What checking one range gave. Plain data: it crosses threads and is kept in checkpoints. */
export const rangeResultSchema = z.strictObject({
  index: count,
  /** Last root height checked to its end; below the range's last one where the limit of divergences was reached. */
  checkedTo: height,
  rootBlocks: count,
  shards: z.array(z.strictObject({ fullShardId: shardId, ...totalsShape })),
  divergences: z.array(foundDivergenceSchema),
  unsupported: z.array(unsupportedSchema),
  damage: z.array(damageSchema),
  warnings: z.array(z.string()),
  /** Seconds: of the whole range, and of each stage by name. */
  timing: z.strictObject({
    seconds: z.number(),
    stages: z.record(z.string(), z.number()),
    /** Of a run that was profiled only; see node/measure/stages.ts. */
    histograms: z
      .array(z.strictObject({ stage: z.string(), seconds: z.number(), buckets: z.record(z.string(), count) }))
      .optional(),
  }),
});

export const verdictSchema = z.enum(["clean", "divergent", "unsupported", "damaged", "interrupted", "error"]);

const flagsSchema = z.strictObject({
  verifyPow: z.boolean(),
  checkArchive: z.boolean(),
  verifyChecksums: z.enum(["default", "all"]),
  unconfirmed: z.boolean(),
  rootTip: hash.nullable(),
  maxDivergences: count.nullable(),
});

const databaseSchema = z.strictObject({
  kind: z.string(),
  genesisHash: hash,
  tipHash: hash,
  tipHeight: height,
});

export const provenanceSchema = z.strictObject({
  program: z.string(),
  version: z.string(),
  database: databaseSchema.nullable(),
  configHash: hash.nullable(),
  ruleSet: z.string().nullable(),
  flags: flagsSchema,
});

/** One entry of the allowlist, and what became of it. */
const allowlistResultSchema = z.strictObject({
  class: z.string(),
  shards: z.array(shardId).nullable(),
  rootFrom: height.nullable(),
  rootTo: height.nullable(),
  reason: z.string(),
  expires: z.iso.date(),
  /** Divergences that it allows. */
  count,
  status: z.enum(["matched", "unmatched", "expired", "not-covered"]),
});

/** A report on one part of a run that machines share. */
const partSchema = z.strictObject({
  index: z.int().positive(),
  count: z.int().positive(),
  /** Root heights of the whole run, inclusive. */
  rootFrom: height,
  rootTo: height,
});

/** A clean run that this one goes on from. */
const sinceSchema = z.strictObject({
  /** Root heights that it checked, inclusive. */
  rootFrom: height,
  rootTo: height,
  /** The root block that it saw as the tip: an ancestor of this run's. */
  tipHeight: height,
  tipHash: hash,
  startedAt: z.iso.datetime(),
  version: z.string(),
});

const stoppedSchema = z.strictObject({
  reason: z.enum(["max-divergences", "too-many-findings"]),
  limit: count,
  rootHeight: height,
});

/** What a replay has beside a check: the chain that it built. */
const replaySchema = z.strictObject({
  withForks: z.boolean(),
  shards: z.array(
    z.strictObject({
      fullShardId: shardId,
      /** Null where no block was reached. */
      head: z.strictObject({ height, hash, stateRoot: hash }).nullable(),
      /** Blocks that no root block of the chain confirms. */
      sideBlocks: count,
      /** How often the head left its chain for another one. */
      reorgs: count,
    }),
  ),
});

export const reportSchema = z.strictObject({
  schema: z.literal(REPORT_SCHEMA),
  command: z.enum(["checkdb", "replay", "slave"]),
  verdict: verdictSchema,
  provenance: provenanceSchema,
  range: z.strictObject({ rootFrom: height, rootTo: height, shards: z.array(shardId) }).nullable(),
  totals: totalsSchema,
  shards: z.array(z.strictObject({ fullShardId: shardId, rootBlocks: count, ...totalsShape })),
  divergences: z.array(divergenceSchema),
  classes: z.array(divergenceClassSchema),
  allowlist: z.array(allowlistResultSchema),
  unsupported: z.array(unsupportedSchema),
  damage: z.array(damageSchema),
  warnings: z.array(z.string()),
  stopped: stoppedSchema.nullable(),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  /** Of a run with --since only. */
  since: sinceSchema.optional(),
  /** Of a part only. */
  part: partSchema.optional(),
  /** Of a replay only. */
  replay: replaySchema.optional(),
  timing: z.strictObject({
    startedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime(),
    seconds: z.number(),
    cpuSeconds: z.number(),
    peakMemoryBytes: count,
    workers: count,
    resumedRanges: count,
    ranges: count,
    blocksPerSecond: z.number(),
    mgasPerSecond: z.number(),
    stages: z.record(z.string(), z.number()),
    /** Of a run that was profiled only. */
    profile: z
      .array(
        z.strictObject({
          stage: z.string(),
          blocks: count,
          seconds: z.number(),
          p50Microseconds: z.number(),
          p99Microseconds: z.number(),
        }),
      )
      .optional(),
    stalls: z.array(z.strictObject({ fullShardId: shardId.nullable(), height, seconds: z.number() })),
    databasePath: z.string(),
    /** `--config` as it was given; absent where it was not. */
    configPath: z.string().optional(),
    /** How the program was started. */
    program: z.string().optional(),
    node: z.string(),
  }),
});

export type Divergence = z.infer<typeof divergenceSchema>;
export type FoundDivergence = z.infer<typeof foundDivergenceSchema>;
export type AllowlistResult = z.infer<typeof allowlistResultSchema>;
export type Unsupported = z.infer<typeof unsupportedSchema>;
export type Damage = z.infer<typeof damageSchema>;
export type Range = Readonly<z.infer<typeof rangeSchema>>;
export type RangeResult = z.infer<typeof rangeResultSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type RunFlags = Readonly<z.infer<typeof flagsSchema>>;
export type DatabaseIdentity = Readonly<z.infer<typeof databaseSchema>>;
export type Provenance = Readonly<z.infer<typeof provenanceSchema>>;
export type Totals = z.infer<typeof totalsSchema>;
export type Stopped = Readonly<z.infer<typeof stoppedSchema>>;
export type ReportSince = Readonly<z.infer<typeof sinceSchema>>;
export type ReportPart = Readonly<z.infer<typeof partSchema>>;
export type ReplaySection = z.infer<typeof replaySchema>;
export type Report = z.infer<typeof reportSchema>;
