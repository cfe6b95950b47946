import type { ReportInput } from "./assemble.ts";
import type { FoundDivergence, RangeResult } from "./schema.ts";
import type { Triage } from "./triage-schema.ts";

export const HASH = "ab".repeat(32);

export function divergence(rootHeight: number | null, fullShardId: number | null, height: number): FoundDivergence {
  return {
    fullShardId,
    height,
    hash: HASH,
    rootHeight,
    rootHash: rootHeight === null ? null : HASH,
    fields: [{ field: "stateRoot", declared: "aa", computed: "bb" }],
    violations: [],
    class: "unexplained/stateRoot",
    allowed: null,
    triage: null,
    switches: [],
  };
}

/** What a closer look gives, with little found. */
export function triageOf(name: string, findings: Partial<Triage> = {}): Triage {
  return {
    id: "1-9-abababab",
    class: name,
    unit: { kind: "transaction", index: 2, hash: HASH },
    receipt: null,
    state: { compared: true, differences: [], omitted: 0 },
    step: null,
    attribution: { switches: [], explanation: "because" },
    reproducer: null,
    command: `qkc diff --db DIR --block ${HASH}`,
    ...findings,
  };
}

/** A range of one root block with one block of shard 1 in it. */
export function rangeResult(index: number, findings: Partial<RangeResult> = {}): RangeResult {
  return {
    index,
    checkedTo: index + 1,
    rootBlocks: 1,
    shards: [
      { fullShardId: 1, minorBlocks: 1, transactions: 2, deposits: 3, gasUsed: `${2n ** 64n}`, xshardGasUsed: "9000" },
    ],
    divergences: [],
    unsupported: [],
    damage: [],
    warnings: [],
    timing: { seconds: 0.5, stages: { execute: 0.25 } },
    ...findings,
  };
}

export function reportInput(results: readonly RangeResult[], changes: Partial<ReportInput> = {}): ReportInput {
  return {
    provenance: {
      program: "qkc-replay",
      version: "1.2.3",
      database: { kind: "pyquarkchain", genesisHash: HASH, tipHash: HASH, tipHeight: 9 },
      configHash: HASH,
      ruleSet: "quarkchain",
      flags: {
        verifyPow: false,
        checkArchive: false,
        verifyChecksums: "default",
        unconfirmed: false,
        rootTip: null,
        maxDivergences: null,
      },
    },
    range: { rootFrom: 1, rootTo: results.length, shards: [1] },
    results,
    warnings: [],
    allowlist: [],
    triages: new Map(),
    expected: { rootBlocks: results.length, minorBlocks: results.length, atLeast: false },
    stopped: null,
    interrupted: false,
    failure: undefined,
    timing: {
      startedAt: "2026-11-22T18:33:58.000Z",
      finishedAt: "2026-11-22T18:34:58.000Z",
      seconds: 60,
      cpuSeconds: 100,
      peakMemoryBytes: 1,
      workers: 2,
      resumedRanges: 0,
      ranges: results.length,
      blocksPerSecond: 1,
      mgasPerSecond: 1,
      stalls: [],
      databasePath: "data/mainnet",
      node: "v20",
    },
    ...changes,
  };
}
