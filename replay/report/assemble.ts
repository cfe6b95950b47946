import { type Allowlist, applyAllowlist } from "./classes/allowlist.ts";
import { groupByClass } from "./classes/group.ts";
import { failureFindings, type RunFailure } from "./failure.ts";
import { compareDamage, compareDivergences, compareText, compareUnsupported } from "./order.ts";
import {
  type Divergence,
  type FoundDivergence,
  type Provenance,
  type RangeResult,
  REPORT_SCHEMA,
  type ReplaySection,
  type Report,
  type ReportPart,
  type ReportSince,
  reportSchema,
  type Totals,
} from "./schema.ts";
import { profileOf } from "./stage-profile.ts";
import type { Triage } from "./triage-schema.ts";
import { decideVerdict } from "./verdict.ts";

export interface ReportInput {
  /** Left out: checkdb, or replay where there is such a section. */
  readonly command?: Report["command"];
  readonly provenance: Provenance;
  readonly range: Report["range"];
  readonly results: readonly RangeResult[];
  readonly warnings: readonly string[];
  /** Divergences that are known and accepted. */
  readonly allowlist: Allowlist;
  /** What a closer look at the first divergences of each class found, by the hash of the block. */
  readonly triages: ReadonlyMap<string, Triage>;
  /** Classes that the closer look gave to divergences, by the hash of the block; absent: they keep theirs. */
  readonly classes?: ReadonlyMap<string, string>;
  /** Blocks that a complete run counts; undefined where the run could not be complete. */
  readonly expected: ExpectedCounts | undefined;
  readonly stopped: Report["stopped"];
  readonly interrupted: boolean;
  readonly failure: RunFailure | undefined;
  /** For a run that goes on from another: which. */
  readonly since?: ReportSince;
  /** For a part of a run: which one, of what. */
  readonly part?: ReportPart;
  /** For a replay: the chain that it built. */
  readonly replay?: ReplaySection;
  readonly timing: Omit<Report["timing"], "stages">;
}

/** What the root chain says there is to check. */
export interface ExpectedCounts {
  readonly rootBlocks: number;
  readonly minorBlocks: number;
  /** Unconfirmed blocks are checked too: no root block says how many there are. */
  readonly atLeast: boolean;
}

/**
 * Puts the results of all ranges together. Everything but `timing` depends on the results as a set alone, never on
 * their order or on how the work was shared out.
 */
export function assembleReport(input: ReportInput): Report {
  const shards = sumShards(input);
  const totals = sumTotals(input.results, shards);
  const { divergences, allowlist } = judgedDivergences(input);
  const failed = failureFindings(input.failure);
  const unsupported = withoutRepeats(
    [...input.results.flatMap((result) => result.unsupported), ...failed.unsupported].sort(compareUnsupported),
  );
  const damage = withoutRepeats(
    [...input.results.flatMap((result) => result.damage), ...failed.damage].sort(compareDamage),
  );
  const findings = { divergences, allowlist, unsupported, damage, interrupted: input.interrupted, error: failed.error };
  const error = decideVerdict(findings) === "clean" ? whyNotClean(input, totals) : failed.error;
  return reportSchema.parse({
    schema: REPORT_SCHEMA,
    command: input.command ?? (input.replay === undefined ? "checkdb" : "replay"),
    verdict: decideVerdict({ ...findings, error }),
    provenance: input.provenance,
    range: input.range,
    totals,
    shards,
    divergences,
    classes: groupByClass(divergences),
    allowlist,
    unsupported,
    damage,
    warnings: [...new Set([...input.warnings, ...input.results.flatMap(({ warnings }) => warnings)])].sort(compareText),
    stopped: input.stopped,
    error,
    ...(input.since === undefined ? {} : { since: input.since }),
    ...(input.part === undefined ? {} : { part: input.part }),
    ...(input.replay === undefined ? {} : { replay: input.replay }),
    timing: { ...input.timing, stages: sumStages(input.results), ...profileOf(input.results) },
  } satisfies Report);
}

function judgedDivergences(input: ReportInput): Pick<Report, "divergences" | "allowlist"> {
  const found = divergencesInOrder(input.results).map((divergence) => ({
    ...reportedDivergence(divergence),
    class: input.classes?.get(divergence.hash) ?? divergence.class,
    triage: input.triages.get(divergence.hash) ?? null,
  }));
  const { divergences, results } = applyAllowlist(input.allowlist, found, {
    range: input.range,
    // What a part has not seen, another may.
    isComplete: input.part === undefined && input.stopped === null && !input.interrupted && input.failure === undefined,
    startedAt: input.timing.startedAt,
  });
  return { divergences: [...divergences], allowlist: [...results] };
}

/** What the report says of it. */
export function reportedDivergence({ switches: _, ...reported }: FoundDivergence): Divergence {
  return reported;
}

/** All divergences in the order of the chain. */
export function divergencesInOrder(results: readonly RangeResult[]): FoundDivergence[] {
  return results.flatMap((result) => result.divergences).sort(compareDivergences);
}

/** A run without a finding is clean only when it has checked everything there was, and something at all. */
function whyNotClean({ expected, stopped }: ReportInput, totals: Totals): Report["error"] {
  if (stopped !== null) {
    return {
      code: "INCOMPLETE",
      message: `the limit of ${stopped.limit} ended the run at root block ${stopped.rootHeight}: what it found up to there is allowed, the rest is not checked`,
    };
  }
  if (totals.minorBlocks === 0 && totals.rootBlocks === 0) {
    return { code: "NOTHING_CHECKED", message: "no block was checked: choose a range and shards that hold blocks" };
  }
  if (expected === undefined) return null;
  const minorMissing = expected.atLeast
    ? totals.minorBlocks < expected.minorBlocks
    : totals.minorBlocks !== expected.minorBlocks;
  if (totals.rootBlocks === expected.rootBlocks && !minorMissing) return null;
  return {
    code: "INTERNAL",
    message:
      `checked ${totals.rootBlocks} root and ${totals.minorBlocks} minor blocks, ` +
      `but the range holds ${expected.rootBlocks} and ${expected.minorBlocks}`,
  };
}

function sumShards({ range, results }: ReportInput): Report["shards"] {
  return (range?.shards ?? []).map((fullShardId) => {
    const parts = results.flatMap((result) => result.shards.filter((shard) => shard.fullShardId === fullShardId));
    return { fullShardId, rootBlocks: 0, ...sumBlocks(parts) };
  });
}

function sumTotals(results: readonly RangeResult[], shards: Report["shards"]): Totals {
  return { rootBlocks: results.reduce((sum, { rootBlocks }) => sum + rootBlocks, 0), ...sumBlocks(shards) };
}

type BlockTotals = Omit<Totals, "rootBlocks">;

function sumBlocks(parts: readonly BlockTotals[]): BlockTotals {
  const count = (pick: (part: BlockTotals) => number) => parts.reduce((sum, part) => sum + pick(part), 0);
  const gas = (pick: (part: BlockTotals) => string) => `${parts.reduce((sum, part) => sum + BigInt(pick(part)), 0n)}`;
  return {
    minorBlocks: count((part) => part.minorBlocks),
    transactions: count((part) => part.transactions),
    deposits: count((part) => part.deposits),
    gasUsed: gas((part) => part.gasUsed),
    xshardGasUsed: gas((part) => part.xshardGasUsed),
  };
}

function sumStages(results: readonly RangeResult[]): Record<string, number> {
  const stages: Record<string, number> = {};
  for (const { timing } of results) {
    for (const [name, seconds] of Object.entries(timing.stages)) stages[name] = (stages[name] ?? 0) + seconds;
  }
  return stages;
}

/** Two ranges may meet the same damage or the same unsupported thing. */
function withoutRepeats<T>(sorted: readonly T[]): T[] {
  return [...new Map(sorted.map((item) => [JSON.stringify(item), item])).values()];
}
