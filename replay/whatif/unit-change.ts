import { toHex, ZERO_ADDRESS } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { diffStates } from "../../node/el/state/state-diff.ts";
import type { BlockTrial } from "../execution/trial.ts";
import { smallestSet } from "../triage/attribution/smallest-set.ts";
import { firstEffect } from "./first-effect.ts";
import type { Change, Ending } from "./schema.ts";
import type { SwitchedRules } from "./switched-rules.ts";
import { sameRun, type Unit, type UnitRun, type UnitRuns } from "./unit-runs.ts";

/** Executions of one unit after which no further pairs of switches are tried. */
const MAX_RUNS = 500;
/** State entries counted at most. */
const MAX_STATE_ENTRIES = 1000;

export type UnitChange = Omit<Change, "fullShardId" | "height" | "hash" | "rootHeight">;

export interface UnitChangeRequest {
  readonly trial: BlockTrial;
  readonly rules: SwitchedRules;
  readonly runs: UnitRuns;
  readonly unit: Unit;
  /** Under the reference rules. */
  readonly before: UnitRun;
  /** Whether to look for what each switch changes first, given those of the set. */
  readonly isExample: (switches: readonly string[]) => boolean;
}

/** How a unit ends otherwise under the tested rules and why, or undefined where it does not. */
export function unitChange({ trial, rules, runs, unit, before, isExample }: UnitChangeRequest): UnitChange | undefined {
  const after = runs.run(unit, rules.tested);
  if (sameRun(before, after)) return undefined;
  const restores = (off: ReadonlySet<string>) => sameRun(before, runs.run(unit, rules.without(off)));
  const { names } = smallestSet(rules.names, restores, MAX_RUNS);
  const wantsDetail = isExample(names);
  const stateEntries = changedEntries(trial, unit, before, after);
  return {
    kind: unit.kind,
    index: unit.index,
    transactionHash: toHex(unit.hash),
    differs: differingParts(before, after, stateEntries),
    before: ending(before),
    after: ending(after),
    stateEntries,
    switches: names.map((name) => {
      const alone = rules.only(name);
      const { refused, gasUsed } = runs.run(unit, alone);
      return {
        name,
        gas: refused === undefined ? `${gasUsed - before.gasUsed}` : null,
        where: wantsDetail ? firstEffect(runs, unit, rules.reference, alone) : null,
      };
    }),
  };
}

function differingParts(before: UnitRun, after: UnitRun, stateEntries: number): Change["differs"] {
  const [a, b] = [ending(before), ending(after)];
  const contract = ({ receipt }: UnitRun) => toHex(receipt?.contractAddress ?? new Uint8Array());
  const parts = [
    ["status", a.status !== b.status],
    ["gas", a.gas !== b.gas],
    ["logs", logsText(before) !== logsText(after)],
    ["contract", contract(before) !== contract(after)],
    ["sends", sendsText(before) !== sendsText(after)],
    ["state", stateEntries > 0],
  ] as const;
  return parts.filter(([, differs]) => differs).map(([part]) => part);
}

function logsText({ receipt }: UnitRun): string {
  const logs = receipt?.logs ?? [];
  return logs.map(({ address, topics, data }) => [address, ...topics, data].map(toHex).join()).join(";");
}

/** The gas that goes along depends on what was used here and is not compared. */
function sendsText({ sends }: UnitRun): string {
  return sends
    .map(({ to, value, messageData }) => `${toHex(to.recipient)} ${to.fullShardKey} ${value} ${toHex(messageData)}`)
    .join();
}

function ending({ receipt, gasUsed, refused }: UnitRun): Ending {
  const status =
    refused !== undefined ? "refused" : receipt === undefined ? "credited" : receipt.success ? "success" : "failure";
  return { status, gas: `${gasUsed}`, logs: receipt?.logs.length ?? 0, reason: refused ?? null };
}

/** Entries in which the states differ, apart from the balances that gas is paid from and to. */
function changedEntries({ payload, nodes }: BlockTrial, unit: Unit, before: UnitRun, after: UnitRun): number {
  if (after.refused !== undefined) return 0;
  const payers = new Set([unit.sender, payload.coinbase, ZERO_ADDRESS].map((address) => toHex(keccak256(address))));
  const roots = { before: unit.start.stateRoot, declared: before.stateRoot, computed: after.stateRoot };
  const { differences } = diffStates(nodes, roots, MAX_STATE_ENTRIES);
  const others = differences.filter(({ field, addressHash }) => field !== "balance" || !payers.has(toHex(addressHash)));
  return others.length;
}
