import { UsageError } from "../../../node/codec/errors.ts";
import { divergenceId } from "../divergence-id.ts";
import type { AllowlistResult, Damage, Divergence, Report, Unsupported } from "../schema.ts";
import { type ClassChange, classChanges } from "./class-changes.ts";
import { compareSpeed, type SpeedBaseline, type SpeedChange } from "./speed.ts";

/** Name and version of the format. */
const COMPARISON_SCHEMA = "qkc-comparison/1";

/** A block that differs, in one of two reports. */
export interface ComparedDivergence {
  /** Shard, height and the beginning of the hash. */
  readonly id: string;
  readonly divergence: Divergence;
}

/** Findings of one kind by what became of them. */
export interface Changes<T> {
  readonly fresh: readonly T[];
  readonly known: readonly T[];
  /** The newer run looked there, and it is no more. */
  readonly gone: readonly T[];
  /** The newer run did not look there. */
  readonly unseen: readonly T[];
}

/** What one run has found that earlier ones had not. */
export interface Comparison {
  readonly schema: typeof COMPARISON_SCHEMA;
  readonly older: ComparedRun;
  readonly newer: ComparedRun;
  readonly divergences: Changes<ComparedDivergence>;
  readonly classes: readonly ClassChange[];
  readonly damage: Changes<Damage>;
  readonly unsupported: Changes<Unsupported>;
  /** Lines of the allowlist that are out of date in the newer run and were not in the older one. */
  readonly outdated: readonly AllowlistResult[];
  readonly speed: SpeedChange;
  /** What makes the two less comparable than they should be. */
  readonly notes: readonly string[];
}

interface ComparedRun extends Pick<Report, "verdict" | "range" | "error"> {
  readonly startedAt: string;
  readonly tipHeight: number;
}

/**
 * Holds a report against an older one of the same chain. Whatever one of `others`, older ones too, has found is known.
 * Throws UsageError where they are of different chains or rules.
 */
export function compareReports(
  older: Report,
  newer: Report,
  others: readonly Report[] = [],
  baseline?: SpeedBaseline,
): Comparison {
  for (const report of [older, ...others]) assertComparable(report, newer);
  const all = [older, ...others];
  const divergences = changesOf({
    older: all.map((report) => report.divergences.filter(isCounted)),
    newer: newer.divergences.filter(isCounted),
    keyOf: divergenceKey,
    wasSeen: (divergence) => wasSeen(newer, divergence),
  });
  const outdated = new Set(all.flatMap((report) => report.allowlist.filter(isOutdated).map(allowlistKey)));
  return {
    schema: COMPARISON_SCHEMA,
    older: runOf(older),
    newer: runOf(newer),
    divergences: {
      fresh: divergences.fresh.map(compared),
      known: divergences.known.map(compared),
      gone: divergences.gone.map(compared),
      unseen: divergences.unseen.map(compared),
    },
    classes: classChanges(divergences, newer),
    damage: changesOf({
      older: all.map((report) => report.damage),
      newer: newer.damage,
      keyOf: findingKey,
      wasSeen: (damage) => wasSeen(newer, damage),
    }),
    unsupported: changesOf({
      older: all.map((report) => report.unsupported),
      newer: newer.unsupported,
      keyOf: findingKey,
      wasSeen: (unsupported) => wasSeen(newer, unsupported),
    }),
    outdated: newer.allowlist.filter((entry) => isOutdated(entry) && !outdated.has(allowlistKey(entry))),
    speed: compareSpeed(older, newer, baseline),
    notes: notesOf(older, newer),
  };
}

function assertComparable(older: Report, newer: Report): void {
  const [old, now] = [older.provenance, newer.provenance];
  const differences = [
    ["genesis hash", old.database?.genesisHash, now.database?.genesisHash],
    ["rule set", old.ruleSet, now.ruleSet],
  ].filter(([, a, b]) => a != null && b != null && a !== b);
  if (differences.length === 0) return;
  const lines = differences.map(([name, a, b]) => `  ${name}: ${a} in the older one, ${b} in the newer one`);
  throw new UsageError(["these reports are of different chains: name two of the same one", ...lines]);
}

interface ChangesInput<T> {
  /** The report that is compared with, then others whose findings are known. */
  readonly older: readonly (readonly T[])[];
  readonly newer: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly wasSeen: (item: T) => boolean;
}

function changesOf<T>({ older, newer, keyOf, wasSeen: saw }: ChangesInput<T>): Changes<T> {
  const before = new Set(older.flat().map(keyOf));
  const now = new Set(newer.map(keyOf));
  const missing = older[0].filter((item) => !now.has(keyOf(item)));
  return {
    fresh: newer.filter((item) => !before.has(keyOf(item))),
    known: newer.filter((item) => before.has(keyOf(item))),
    gone: missing.filter(saw),
    unseen: missing.filter((item) => !saw(item)),
  };
}

/** What the allowlist covers is known whatever it is. */
function isCounted({ allowed }: Divergence): boolean {
  return allowed === null;
}

/** A block that differs in another way than before is new: something else is wrong with it. */
function divergenceKey({ fullShardId, hash, fields, violations }: Divergence): string {
  return JSON.stringify([
    fullShardId,
    hash,
    fields.map(({ field, computed }) => [field, computed]).sort(),
    violations.map(({ code }) => code).sort(),
  ]);
}

/** Not its file or offset: another copy of a database has its tables cut otherwise. */
function findingKey({ fullShardId, height, hash, rootHeight, message }: Unsupported): string {
  return JSON.stringify([fullShardId, height, hash, rootHeight, message]);
}

function allowlistKey({ count: _, ...entry }: AllowlistResult): string {
  return JSON.stringify(entry);
}

function isOutdated({ status }: AllowlistResult): boolean {
  return status === "expired" || status === "unmatched";
}

interface Place {
  readonly fullShardId: number | null;
  readonly rootHeight: number | null;
}

function wasSeen({ range, verdict, stopped, provenance, error }: Report, { fullShardId, rootHeight }: Place): boolean {
  if (range === null || verdict === "interrupted" || error !== null) return false;
  if (fullShardId !== null && !range.shards.includes(fullShardId)) return false;
  if (rootHeight === null) return provenance.flags.unconfirmed && stopped === null;
  return rootHeight >= range.rootFrom && rootHeight <= (stopped?.rootHeight ?? range.rootTo);
}

function compared(divergence: Divergence): ComparedDivergence {
  return { id: divergenceId(divergence), divergence };
}

function runOf({ verdict, range, error, provenance, timing }: Report): ComparedRun {
  return { verdict, range, error, startedAt: timing.startedAt, tipHeight: provenance.database?.tipHeight ?? 0 };
}

function notesOf(older: Report, newer: Report): string[] {
  const [old, now] = [older.provenance, newer.provenance];
  const notes: string[] = [];
  if (old.version !== now.version) notes.push(`the program was ${old.version} and is ${now.version}`);
  if (old.configHash !== now.configHash) notes.push("the configuration is another one");
  for (const [name, value] of Object.entries(now.flags)) {
    const before = old.flags[name as keyof typeof old.flags];
    if (before !== value) notes.push(`${name} was ${before} and is ${value}`);
  }
  if (older.error !== null || older.verdict === "interrupted") {
    notes.push(
      `the older run has no whole answer (${older.error?.message ?? older.verdict}): what it did not come to is new here`,
    );
  }
  return notes;
}
