import { UsageError } from "../../node/codec/errors.ts";
import type { Range } from "../report/schema.ts";

/** One of the pieces that a run is cut into, for machines that share it: `index` of `count`, from 1. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/** As a command line has it. */
export function partText({ index, count }: Part): string {
  return `${index}/${count}`;
}

/** How many parts a run's ranges can be cut into at most. */
export function mostParts(ranges: readonly Range[]): number {
  return ranges.filter(({ unconfirmed }) => !unconfirmed).length;
}

/**
 * Cuts a run's ranges, ascending, into `count` contiguous groups, none of them empty, the heaviest as light as such a
 * cut can make it. The cut depends on the ranges alone, so machines that do not know of each other agree on it. Blocks
 * that no root block confirms yet stay with the last root blocks.
 */
export function splitRanges(ranges: readonly Range[], count: number): Range[][] {
  const pieces = piecesOf(ranges);
  if (count < 1 || count > pieces.length) {
    throw new UsageError(
      `this run can be cut into 1 to ${pieces.length} parts, not into ${count}; qkc plan makes as many as there is work for`,
    );
  }
  const capacity = leastCapacity(pieces, count);
  return filled(pieces, capacity, count).map((group) => group.flatMap(({ ranges: own }) => own));
}

/** The ranges of one part. Throws UsageError where there is no such part. */
export function rangesOfPart(ranges: readonly Range[], { index, count }: Part): Range[] {
  return splitRanges(ranges, count)[index - 1];
}

/** What is not cut any further. */
interface Piece {
  readonly ranges: readonly Range[];
  readonly weight: number;
}

function piecesOf(ranges: readonly Range[]): Piece[] {
  const pieces: Piece[] = ranges
    .filter(({ unconfirmed }) => !unconfirmed)
    .map((range) => ({ ranges: [range], weight: range.weight }));
  for (const range of ranges.filter(({ unconfirmed }) => unconfirmed)) {
    const last = pieces.pop() as Piece;
    pieces.push({ ranges: [...last.ranges, range], weight: last.weight + range.weight });
  }
  return pieces;
}

/** The least weight with which `count` groups hold everything, to within what a double can tell apart. */
function leastCapacity(pieces: readonly Piece[], count: number): number {
  let tooSmall = 0;
  let enough = pieces.reduce((sum, { weight }) => sum + weight, 0);
  for (;;) {
    const middle = (tooSmall + enough) / 2;
    if (middle <= tooSmall || middle >= enough) return enough;
    if (groupsNeeded(pieces, middle) <= count) enough = middle;
    else tooSmall = middle;
  }
}

function groupsNeeded(pieces: readonly Piece[], capacity: number): number {
  let groups = 0;
  let room = 0;
  for (const { weight } of pieces) {
    if (weight > capacity) return Number.POSITIVE_INFINITY;
    if (groups === 0 || weight > room) {
      groups++;
      room = capacity;
    }
    room -= weight;
  }
  return groups;
}

/** Groups that are filled one after the other, each as far as leaves a piece for every later one. */
function filled(pieces: readonly Piece[], capacity: number, count: number): Piece[][] {
  const groups: Piece[][] = [];
  let room = 0;
  for (const [i, piece] of pieces.entries()) {
    const groupsLeft = count - groups.length;
    const mustOpen = pieces.length - i <= groupsLeft;
    if (groups.length === 0 || mustOpen || (piece.weight > room && groupsLeft > 0)) {
      groups.push([]);
      room = capacity;
    }
    (groups.at(-1) as Piece[]).push(piece);
    room -= piece.weight;
  }
  return groups;
}
