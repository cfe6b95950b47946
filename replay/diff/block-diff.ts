import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { toHex } from "../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";
import { compareExecution, type FieldDifference } from "../../node/engine/compare-execution.ts";
import type { BlockTrial } from "../execution/trial.ts";
import type { Triage } from "../report/triage-schema.ts";
import type { Unit } from "../report/unit-schema.ts";
import { outcomeOf } from "../triage/locality/declared-outcome.ts";
import { locate, type Outcome, unitOf } from "../triage/locality/locality.ts";
import { type ReceiptDifference, receiptDifferences } from "../triage/locality/receipt-differences.ts";
import type { ConsensusSide } from "../triage/reference.ts";
import { firstDifferingUnit } from "../triage/units/differing-unit.ts";
import type { UnitRecords } from "../triage/units/record-units.ts";

/** One side of a comparison. */
export interface DiffSide {
  /** As it is shown. */
  readonly name: string;
  readonly outcome: Outcome;
  /** How it came about; undefined for what a block declares. */
  readonly records: UnitRecords | undefined;
}

/** All in which two sides of a block differ. Of each pair of values, `declared` is the left side's. */
export interface BlockDiff {
  readonly left: string;
  readonly right: string;
  /** First deposit or transaction that ends otherwise, as far as it can be told. */
  readonly unit: Unit | null;
  readonly fields: readonly FieldDifference[];
  /** Null where one side's receipts are not to be had. */
  readonly receipts: readonly (ReceiptDifference & { readonly unit: Unit })[] | null;
  readonly state: Triage["state"];
}

/** An execution as a side. */
export function executedSide(name: string, records: UnitRecords, cl: ConsensusSide, trial: BlockTrial): DiffSide {
  return { name, outcome: outcomeOf(records.result, cl, trial), records };
}

/** What two sides differ in. */
export function blockDiff(trial: BlockTrial, left: DiffSide, right: DiffSide & { records: UnitRecords }): BlockDiff {
  const executions = left.records === undefined ? [right.records] : [right.records, left.records];
  const { unit, state } = locate({ trial, declared: left.outcome, computed: right.outcome, executions });
  const parting = left.records && firstDifferingUnit(left.records, right.records)?.unit;
  return {
    left: left.name,
    right: right.name,
    unit: parting === undefined ? unit : unitOf(parting),
    fields: blockFields(trial.block, left, right),
    receipts: allReceipts(trial, left.outcome, right),
    state,
  };
}

function blockFields(
  block: MinorBlock,
  left: DiffSide,
  right: DiffSide & { records: UnitRecords },
): readonly FieldDifference[] {
  const [ours, theirs] = [left.records?.result, right.records.result];
  const [declared, computed] = [validity(ours), validity(theirs)];
  const ofValidity = declared === computed ? [] : [{ field: "validity", declared, computed }];
  if (ours?.status === "INVALID" || theirs.status === "INVALID") return ofValidity;
  const stored = [...left.outcome.sends].map(([fullShardId, deposits]) => ({ fullShardId, deposits }));
  const sendsTo = (shard: number) => right.outcome.sends.get(shard) ?? [];
  return compareExecution(
    ours === undefined ? block : declaring(block, ours.computed),
    theirs.computed,
    stored,
    sendsTo,
  );
}

/** A block that is there was valid for who made it. */
function validity(result: NewPayloadResult | undefined): string {
  if (result === undefined || result.status === "EXECUTED") return "valid";
  const { transactionIndex, reason } = result.rejection;
  return `refused: ${transactionIndex === undefined ? "" : `transaction ${transactionIndex}: `}${reason}`;
}

/** The block as it would be, had it been made by this execution. */
function declaring({ header, meta, ...block }: MinorBlock, result: ExecutionResult): MinorBlock {
  const { stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor, bloom, coinbaseAmounts } = result;
  return {
    ...block,
    header: { ...header, bloom, coinbaseAmounts },
    meta: { ...meta, stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor },
  };
}

function allReceipts(trial: BlockTrial, left: Outcome, right: DiffSide): BlockDiff["receipts"] {
  if (left.receipts === undefined || right.outcome.receipts === undefined) return null;
  const { transactions } = trial.payload;
  return [...receiptDifferences(left.receipts, right.outcome.receipts, transactions.length)].map((difference) => ({
    ...difference,
    unit: receiptUnit(difference.index, right, trial),
  }));
}

function receiptUnit(index: number, { records }: DiffSide, { payload: { transactions } }: BlockTrial): Unit {
  if (index < transactions.length) return { kind: "transaction", index, hash: toHex(transactions[index].hash) };
  const place = index - transactions.length;
  const unit = records?.units.find((record) => record.unit.kind === "deposit" && record.unit.index === place)?.unit;
  return unit === undefined ? { kind: "deposit", index: place, hash: null } : unitOf(unit);
}
