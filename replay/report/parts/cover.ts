import { UsageError } from "../../../node/codec/errors.ts";
import type { FoundPart, PartRecord } from "./part-record.ts";

/** Kinds of trouble of which a few tell enough. */
const SHOWN = 10;

/**
 * The parts of one run in the order of the chain. Throws UsageError where they belong to different runs, or do not hold
 * every range exactly once.
 */
export function coveringParts(found: readonly FoundPart[]): FoundPart[] {
  if (found.length === 0)
    throw new UsageError("no part is given: name the folders that qkc checkdb --part has written");
  assertSameRun(found);
  const parts = [...found].sort((a, b) => a.record.first - b.record.first);
  const troubles = coverTroubles(parts);
  if (troubles.length === 0) return parts;
  throw new UsageError(["these parts are not the whole run:", ...firstOf(troubles.map((line) => `  ${line}`))]);
}

function assertSameRun([reference, ...others]: readonly FoundPart[]): void {
  const lines = others.flatMap((other) =>
    runDifferences(reference.record, other.record).map(
      ([name, ours, theirs]) => `  ${name}: ${ours} in ${reference.folder}, ${theirs} in ${other.folder}`,
    ),
  );
  if (lines.length === 0) return;
  throw new UsageError([
    "these are parts of different runs; check all parts alike, on copies of one database:",
    ...firstOf(lines),
  ]);
}

/** What differs between the runs that two parts belong to, with both values. */
function runDifferences(a: PartRecord, b: PartRecord): [name: string, a: string, b: string][] {
  const names = [...new Set([...Object.keys(a.identity), ...Object.keys(b.identity)])];
  const differences: [string, string, string][] = names
    .filter((name) => a.identity[name] !== b.identity[name])
    .map((name) => [name, a.identity[name] ?? "(none)", b.identity[name] ?? "(none)"]);
  const others: readonly (readonly [string, (record: PartRecord) => unknown])[] = [
    ["provenance", ({ provenance }) => provenance],
    ["range", ({ range }) => range],
    ["plan", ({ ranges }) => ranges],
    ["limit of findings", ({ maxFindings }) => maxFindings],
    ["allowlist", ({ allowlist }) => allowlist],
  ];
  for (const [name, pick] of differences.length > 0 ? [] : others) {
    const [ours, theirs] = [JSON.stringify(pick(a)), JSON.stringify(pick(b))];
    if (ours !== theirs) differences.push([name, shortened(ours), shortened(theirs)]);
  }
  return differences;
}

function coverTroubles(parts: readonly FoundPart[]): string[] {
  const { ranges } = parts[0].record;
  const troubles: string[] = [];
  const gap = (from: number, to: number) => {
    if (from < to) troubles.push(`root blocks ${heights(parts[0].record, from, to)} are in none of them`);
  };
  let next = 0;
  let before: FoundPart | undefined;
  for (const part of parts) {
    const { first, count } = part.record;
    gap(next, first);
    const end = first + count;
    if (first < next) {
      const twice = heights(part.record, first, Math.min(next, end));
      troubles.push(`root blocks ${twice} are in ${before?.folder} and in ${part.folder}`);
    }
    if (end > next) [next, before] = [end, part];
  }
  gap(next, ranges.length);
  return troubles;
}

/** Root heights of the ranges from..to, the end exclusive. */
function heights({ ranges }: PartRecord, from: number, to: number): string {
  return `${ranges[from].firstRootHeight}..${ranges[to - 1].lastRootHeight}`;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function firstOf(lines: readonly string[]): string[] {
  return lines.length <= SHOWN ? [...lines] : [...lines.slice(0, SHOWN), `  … and ${lines.length - SHOWN} more`];
}
