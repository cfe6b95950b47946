import { cursorText } from "../../../node/chain/minor-block.ts";
import { toHex } from "../../../node/codec/bytes.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { CursorStep, CursorWalk } from "../../report/triage-schema.ts";
import type { UnitRecords } from "../units/record-units.ts";

/** Steps that are told before and behind each end of the walk. */
const AROUND = 4;
/** Deposits behind the computed end among which the declared one is sought. */
const MOST_BEHIND = 10_000;

/**
 * The deposits that an execution consumed one after the other, with the cursor and the gas behind each, where its end is
 * not what the block declares (pyquarkchain shard_state.py __run_cross_shard_tx_with_cursor); undefined where it is.
 */
export function cursorWalk(trial: BlockTrial, { units, result }: UnitRecords): CursorWalk | undefined {
  if (result.status === "INVALID") return undefined;
  const declared = cursorText(trial.block.meta.xshardCursor);
  const computed = cursorText(result.computed.xshardCursor);
  if (declared === computed) return undefined;
  const { exhaustedCursor, xshardGasLimit } = trial.payload;
  const { depositsConsumed } = result.computed;
  const steps = stepsOf(trial, units, depositsConsumed, declared);
  const depositsDeclared = endOf(declared, steps, cursorText(exhaustedCursor));
  const told = steps.filter(({ index }) => isNear(index, depositsDeclared) || isNear(index, depositsConsumed));
  return {
    declared,
    computed,
    exhausted: cursorText(exhaustedCursor),
    gasLimit: `${xshardGasLimit}`,
    depositsDeclared,
    depositsComputed: depositsConsumed,
    steps: told,
    omitted: steps.length - told.length,
  };
}

/** Every deposit up to both ends, and some behind them. */
function stepsOf(trial: BlockTrial, units: UnitRecords["units"], consumed: number, declared: string): CursorStep[] {
  const gas = units.filter(({ unit }) => unit.kind === "deposit").map(({ outcome }) => outcome?.gasUsed ?? 0n);
  const steps: CursorStep[] = [];
  let total = 0n;
  let last = consumed + MOST_BEHIND;
  for (const { deposit, cursor } of trial.payload.deposits) {
    const index = steps.length;
    if (index >= last) break;
    const at = cursorText(cursor);
    if (at === declared) last = Math.max(index, consumed) + AROUND;
    total += gas[index] ?? 0n;
    const used =
      index < consumed ? { gasUsed: `${gas[index] ?? 0n}`, total: `${total}` } : { gasUsed: null, total: null };
    steps.push({ index, cursor: at, txHash: toHex(deposit.txHash), ...used });
  }
  return steps;
}

/** Deposits consumed behind which the cursor stands there; null where it is no place of the walk. */
function endOf(declared: string, steps: readonly CursorStep[], exhausted: string): number | null {
  const last = steps.find(({ cursor }) => cursor === declared);
  if (last !== undefined) return last.index + 1;
  return declared === exhausted ? steps.length : null;
}

function isNear(index: number, end: number | null): boolean {
  return end !== null && index >= end - AROUND && index < end + AROUND;
}
