import { ruleSwitches } from "../../node/el/evm/hardforks/rule-switches.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { failureFindings, type RunFailure } from "../report/failure.ts";
import { compareText } from "../report/order.ts";
import { firstChanges } from "./first-changes.ts";
import {
  type Change,
  type Group,
  WHATIF_SCHEMA,
  type WhatifCounts,
  type WhatifRange,
  type WhatifReport,
  whatifReportSchema,
} from "./schema.ts";
import { emptyGroup, MAX_LISTED, NO_COUNTS, plus } from "./tally.ts";

export interface WhatifInput {
  readonly tested: Rules;
  readonly provenance: Omit<WhatifReport["provenance"], "reference" | "rules">;
  readonly range: WhatifReport["range"];
  /** In any order. */
  readonly results: readonly WhatifRange[];
  readonly warnings: readonly string[];
  readonly interrupted: boolean;
  readonly failure: RunFailure | undefined;
  readonly timing: Omit<WhatifReport["timing"], "blocksPerSecond">;
}

/** Puts the results of all ranges together. Everything but `timing` depends on the results as a set alone. */
export function assembleWhatif(input: WhatifInput): WhatifReport {
  const { tested, range, timing } = input;
  const results = firstChanges(input.results, MAX_LISTED);
  const failed = failureFindings(input.failure);
  const counts = results.map((result) => result.counts).reduce(addCounts, NO_COUNTS);
  const findings = {
    unsupported: [...results.flatMap(({ unsupported }) => unsupported), ...failed.unsupported.map(finding)],
    damage: [...results.flatMap(({ damage }) => damage), ...failed.damage.map(finding)],
    error: failed.error,
  };
  return whatifReportSchema.parse({
    schema: WHATIF_SCHEMA,
    command: "whatif",
    verdict: verdictOf({ ...findings, interrupted: input.interrupted, isChanged: counts.changedBlocks > 0 }),
    provenance: { ...input.provenance, reference: QUARKCHAIN_RULES.name, rules: tested.name },
    range,
    counts,
    share: {
      transactions: shareOf(counts.changedTransactions, counts.transactions),
      deposits: shareOf(counts.changedDeposits, counts.deposits),
    },
    switches: switchRows(tested, results, counts),
    changes: results.flatMap(({ changes }) => changes).sort(byPlace),
    omitted: results.reduce((sum, { omitted }) => sum + omitted, 0),
    blockChanges: results.flatMap(({ blockChanges }) => blockChanges).sort(byPlace),
    ...findings,
    warnings: [...new Set([...input.warnings, ...results.flatMap(({ warnings }) => warnings)])].sort(compareText),
    timing: { ...timing, blocksPerSecond: timing.seconds > 0 ? counts.minorBlocks / timing.seconds : 0 },
  } satisfies WhatifReport);
}

function addCounts(a: WhatifCounts, b: WhatifCounts): WhatifCounts {
  return {
    minorBlocks: a.minorBlocks + b.minorBlocks,
    transactions: a.transactions + b.transactions,
    deposits: a.deposits + b.deposits,
    changedBlocks: a.changedBlocks + b.changedBlocks,
    invalidBlocks: a.invalidBlocks + b.invalidBlocks,
    changedTransactions: a.changedTransactions + b.changedTransactions,
    changedDeposits: a.changedDeposits + b.changedDeposits,
    newlyFailing: a.newlyFailing + b.newlyFailing,
    newlySucceeding: a.newlySucceeding + b.newlySucceeding,
    refused: a.refused + b.refused,
    consequences: a.consequences + b.consequences,
    gasBefore: plus(a.gasBefore, b.gasBefore),
    gasAfter: plus(a.gasAfter, b.gasAfter),
  };
}

function finding({ fullShardId, height, message }: WhatifReport["damage"][number]): WhatifReport["damage"][number] {
  return { fullShardId, height, message };
}

/** As for a check: first whether there is an answer at all, then the strongest one. */
function verdictOf(
  found: Pick<WhatifReport, "error" | "damage" | "unsupported"> & {
    readonly interrupted: boolean;
    readonly isChanged: boolean;
  },
): WhatifReport["verdict"] {
  if (found.error !== null) return "error";
  if (found.interrupted) return "interrupted";
  if (found.damage.length > 0) return "damaged";
  if (found.unsupported.length > 0) return "unsupported";
  return found.isChanged ? "different" : "same";
}

function switchRows(tested: Rules, results: readonly WhatifRange[], counts: WhatifCounts): WhatifReport["switches"] {
  const groups = new Map<string, Group>();
  for (const group of results.flatMap((result) => result.groups)) {
    const sum = groups.get(group.name) ?? emptyGroup(group.name);
    groups.set(group.name, {
      name: group.name,
      transactions: sum.transactions + group.transactions,
      deposits: sum.deposits + group.deposits,
      alone: sum.alone + group.alone,
      blocks: sum.blocks + group.blocks,
      statusChanged: sum.statusChanged + group.statusChanged,
      gas: plus(sum.gas, group.gas),
    });
  }
  return ruleSwitches(QUARKCHAIN_RULES, tested).map(({ name, title, effect }) => {
    const group = groups.get(name) ?? emptyGroup(name);
    return { ...group, title, effect, share: shareOf(group.transactions, counts.transactions) };
  });
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

type Place = Pick<Change, "fullShardId" | "height" | "rootHeight">;

/** Chain order, unconfirmed blocks last; blocks keep the order of their deposits and transactions. */
function byPlace(a: Place, b: Place): number {
  const [rootA, rootB] = [a.rootHeight ?? Number.MAX_SAFE_INTEGER, b.rootHeight ?? Number.MAX_SAFE_INTEGER];
  return rootA - rootB || a.fullShardId - b.fullShardId || a.height - b.height;
}
