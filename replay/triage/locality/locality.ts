import { type CrossShardDeposit, isSameDeposit } from "../../../node/chain/deposit.ts";
import type { Receipt } from "../../../node/chain/receipt.ts";
import { type Hash32, toHex } from "../../../node/codec/bytes.ts";
import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import { diffStates } from "../../../node/el/state/state-diff.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { Triage } from "../../report/triage-schema.ts";
import type { Unit } from "../../report/unit-schema.ts";
import type { UnitRecords } from "../units/record-units.ts";
import { Preimages } from "./preimages.ts";
import { encodedReceiptDifference, receiptDifferences } from "./receipt-differences.ts";
import { stateDifference } from "./state-entries.ts";
import { unitOfStateDifferences } from "./unit-of-state.ts";
import { unlessDamaged } from "./unless-damaged.ts";

/** Entries of the state that are listed; the rest is counted. */
const MAX_STATE_DIFFERENCES = 200;

/** What one side of a comparison came to: what a block declares, or an execution. */
export interface Outcome {
  /** Undefined where the state is not to be had. */
  readonly stateRoot: Hash32 | undefined;
  /** Undefined where they are not stored. */
  readonly receipts: readonly Receipt[] | undefined;
  readonly receiptRoot: Hash32 | undefined;
  /** What goes to other shards, by shard; those whose lists are not to be had are left out. */
  readonly sends: ReadonlyMap<number, readonly CrossShardDeposit[]>;
}

/** Of a block that cannot be executed. */
export const NO_OUTCOME: Outcome = {
  stateRoot: undefined,
  receipts: undefined,
  receiptRoot: undefined,
  sends: new Map(),
};

export interface LocalityRequest {
  readonly trial: BlockTrial;
  readonly declared: Outcome;
  readonly computed: Outcome;
  /** Executions of the block whose records tell which unit did what, and what keys stand for; the tested one first. */
  readonly executions: readonly UnitRecords[];
}

export type Locality = Pick<Triage, "receipt" | "state"> & { readonly unit: Unit | null };

/** Where a block differs: first receipt, entries of the state, and the first unit that one of them gives away. */
export function locate({ trial, declared, computed, executions }: LocalityRequest): Locality {
  const preimages = new Preimages(trial, executions);
  const transactions = trial.payload.transactions.length;
  const receipt = firstReceipt(trial, declared, computed);
  const state = statesBetween(trial, declared, computed);
  const [tested] = executions;
  const ofReceipt = receipt && tested?.units.find(({ unit }) => receiptIndex(unit, transactions) === receipt.index);
  const ofState = state && tested && unitOfStateDifferences(state.differences, tested.units, preimages);
  const senders = differingSenders(declared, computed);
  const first = tested?.units.find(
    (record) => record === ofReceipt || record === ofState || isTransactionIn(record.unit, senders),
  );
  const absent = receipt !== undefined && ofReceipt === undefined ? unitWithoutRecord(trial, receipt.index) : null;
  return {
    unit: absent ?? (first === undefined ? null : unitOf(first.unit)),
    receipt: receipt ?? null,
    state: {
      compared: state !== undefined,
      differences: (state?.differences ?? []).map((difference) => stateDifference(difference, preimages)),
      omitted: state?.omitted ?? 0,
    },
  };
}

/** A unit that the tested execution did not come to: one side runs more deposits. */
function unitWithoutRecord({ payload: { transactions } }: BlockTrial, receipt: number): Unit {
  const transaction = transactions[receipt];
  if (transaction === undefined) return { kind: "deposit", index: receipt - transactions.length, hash: null };
  return { kind: "transaction", index: receipt, hash: toHex(transaction.hash) };
}

/** A unit as a report names it. */
export function unitOf({ kind, index, hash }: ExecutionUnit): Unit {
  return { kind, index, hash: hash === undefined ? null : toHex(hash) };
}

function firstReceipt({ payload, nodes }: BlockTrial, declared: Outcome, computed: Outcome) {
  if (declared.receipts === undefined || computed.receipts === undefined) return undefined;
  const transactions = payload.transactions.length;
  for (const difference of receiptDifferences(declared.receipts, computed.receipts, transactions)) return difference;
  return encodedReceiptDifference(nodes, declared.receiptRoot, computed.receiptRoot);
}

/** Hashes of transactions of which other shards have not what the execution sends them. */
function differingSenders(declared: Outcome, computed: Outcome): ReadonlySet<string> {
  const hashes = new Set<string>();
  for (const [shard, stored] of declared.sends) {
    const sent = computed.sends.get(shard) ?? [];
    const place = stored.findIndex((deposit, i) => sent[i] === undefined || !isSameDeposit(deposit, sent[i]));
    const first = place < 0 ? stored.length : place;
    for (const deposit of [stored[first], sent[first]]) if (deposit !== undefined) hashes.add(toHex(deposit.txHash));
  }
  return hashes;
}

function isTransactionIn({ kind, hash }: ExecutionUnit, hashes: ReadonlySet<string>): boolean {
  return kind === "transaction" && hash !== undefined && hashes.has(toHex(hash));
}

/** Place of a unit's receipt in the block's list; the reward has none. */
function receiptIndex({ kind, index }: ExecutionUnit, transactions: number): number | undefined {
  if (kind === "reward") return undefined;
  return kind === "transaction" ? index : transactions + index;
}

/** How two states of a trial's block differ; undefined where one of them is not there, or not whole. */
export function statesBetween({ nodes, payload }: BlockTrial, declared: Outcome, computed: Outcome) {
  if (declared.stateRoot === undefined || computed.stateRoot === undefined) return undefined;
  const roots = { before: payload.parentStateRoot, declared: declared.stateRoot, computed: computed.stateRoot };
  return unlessDamaged(() => diffStates(nodes, roots, MAX_STATE_DIFFERENCES));
}
