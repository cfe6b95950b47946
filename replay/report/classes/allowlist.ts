import { z } from "zod";
import { reasonOf, UsageError } from "../../../node/codec/errors.ts";
import { issueLines } from "../../text/issue-lines.ts";
import { readTextFile } from "../read-text-file.ts";
import type { AllowlistResult, Divergence } from "../schema.ts";

const height = z.int().nonnegative();

/** One line of an allowlist. */
export const allowlistEntrySchema = z.strictObject({
  class: z.string().min(1),
  /** Full shard ids; absent: all, and the root chain. */
  shards: z.array(z.int().positive()).min(1).optional(),
  /** Root heights, inclusive; absent: open. Blocks that no root block confirms yet lie above all of them. */
  rootFrom: height.optional(),
  rootTo: height.optional(),
  reason: z.string().min(1),
  /** Last day on which it holds, in UTC. */
  expires: z.iso.date(),
});

const fileSchema = z.array(allowlistEntrySchema).min(1);

/** Divergences that are known and accepted until a day. */
export type Allowlist = readonly Readonly<z.infer<typeof allowlistEntrySchema>>[];

/** Which part of a chain a run has checked, and when. */
export interface AllowlistRun {
  /** Null where no database could be opened. */
  readonly range: { readonly rootFrom: number; readonly rootTo: number; readonly shards: readonly number[] } | null;
  /** Whether everything of the range was checked. */
  readonly isComplete: boolean;
  /** UTC time as ISO text. */
  readonly startedAt: string;
}

export interface AllowedDivergences {
  readonly divergences: readonly Divergence[];
  readonly results: readonly AllowlistResult[];
}

/** Reads the file of `--allow`. Throws UsageError naming what is wrong with it. */
export function readAllowlist(path: string): Allowlist {
  try {
    const entries = fileSchema.parse(JSON.parse(readTextFile(path)));
    const empty = entries.find(({ rootFrom = 0, rootTo = rootFrom }) => rootFrom > rootTo);
    if (empty === undefined) return entries;
    throw new UsageError(`the range of class ${empty.class} starts at ${empty.rootFrom} and ends at ${empty.rootTo}`);
  } catch (error) {
    if (error instanceof z.ZodError) throw new UsageError([`--allow ${path}:`, ...issueLines(error)]);
    throw new UsageError(`--allow ${path}: ${reasonOf(error)}`);
  }
}

/**
 * Gives each divergence the reason of the first entry that covers it, and says what became of each entry. One that has
 * expired allows nothing. One that allows nothing is out of date, unless the run has not seen all that it speaks of.
 */
export function applyAllowlist(
  allowlist: Allowlist,
  divergences: readonly Divergence[],
  run: AllowlistRun,
): AllowedDivergences {
  const counts = allowlist.map(() => 0);
  const marked = divergences.map((divergence) => {
    const index = allowlist.findIndex((entry) => !isExpired(entry, run) && covers(entry, divergence));
    if (index < 0) return divergence;
    counts[index]++;
    return { ...divergence, allowed: allowlist[index].reason };
  });
  const results = allowlist.map((entry, i): AllowlistResult => {
    const { shards = null, rootFrom = null, rootTo = null, reason, expires } = entry;
    const status = statusOf(entry, counts[i], run);
    return { class: entry.class, shards, rootFrom, rootTo, reason, expires, count: counts[i], status };
  });
  return { divergences: marked, results };
}

type Entry = Allowlist[number];

function isExpired({ expires }: Entry, { startedAt }: AllowlistRun): boolean {
  return startedAt.slice(0, expires.length) > expires;
}

function covers(entry: Entry, divergence: Divergence): boolean {
  const { fullShardId } = divergence;
  if (entry.class !== divergence.class) return false;
  if (entry.shards !== undefined && (fullShardId === null || !entry.shards.includes(fullShardId))) return false;
  const rootHeight = divergence.rootHeight ?? Number.POSITIVE_INFINITY;
  return rootHeight >= (entry.rootFrom ?? 0) && rootHeight <= (entry.rootTo ?? Number.POSITIVE_INFINITY);
}

function statusOf(entry: Entry, count: number, run: AllowlistRun): AllowlistResult["status"] {
  if (isExpired(entry, run)) return "expired";
  if (count > 0) return "matched";
  return hasSeenAll(entry, run) ? "unmatched" : "not-covered";
}

/** An end that the entry leaves open is taken to be the run's. */
function hasSeenAll({ shards = [], rootFrom, rootTo }: Entry, { range, isComplete }: AllowlistRun): boolean {
  if (range === null || !isComplete) return false;
  if (!shards.every((id) => range.shards.includes(id))) return false;
  return (rootFrom ?? range.rootFrom) >= range.rootFrom && (rootTo ?? range.rootTo) <= range.rootTo;
}
