import { encodeReceipt, type Receipt } from "../../node/chain/receipt.ts";
import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import { UnsupportedError } from "../../node/codec/errors.ts";
import type { NewPayloadResult, PayloadRejection } from "../../node/el/block-executor.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import { InProcessClient } from "../../node/el/in-process-executor.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";
import { StateCache } from "../../node/el/state/state-cache.ts";
import { type BlockTrial, matchesDeclared } from "../execution/trial.ts";
import { smallestSet } from "../triage/attribution/smallest-set.ts";
import type { BlockChange } from "./schema.ts";
import type { SwitchedRules } from "./switched-rules.ts";
import { type UnitChange, unitChange } from "./unit-change.ts";
import { UnitRuns } from "./unit-runs.ts";

/** Executions of one block after which no further pairs of switches are tried. */
const MAX_RUNS = 120;

/** A block under the tested rules, as far as it is another one. */
export interface BlockOutcome {
  readonly units: readonly UnitChange[];
  readonly block: Pick<BlockChange, "kind" | "transactionIndex" | "reason" | "switches"> | undefined;
  /** Units that differ only because an earlier one does. */
  readonly consequences: number;
  readonly depositsConsumed: number;
  readonly isChanged: boolean;
  readonly warning: string | undefined;
}

/** Executes a block under the tested rules; `cache` holds nodes from block to block. */
export function executeTested(trial: BlockTrial, rules: SwitchedRules, cache: StateCache): NewPayloadResult {
  return execute(trial, rules, rules.tested, cache);
}

/** Why a block whose outcome under the tested rules is not the declared one has it, deposit by deposit and transaction by transaction. */
export function explainBlock(
  trial: BlockTrial,
  rules: SwitchedRules,
  tested: NewPayloadResult,
  isExample: (switches: readonly string[]) => boolean,
): BlockOutcome {
  const reference = execute(trial, rules, rules.reference, new StateCache());
  if (reference.status === "INVALID") {
    const warning = `does not execute under ${rules.reference.name} (${reference.rejection.reason}): it is left out`;
    return { ...UNCHANGED, warning };
  }
  const { computed } = reference;
  const warning = matchesDeclared(trial, reference)
    ? undefined
    : `does not match what it declares under ${rules.reference.name}: compared is what it gives`;
  const { depositsConsumed } = computed;
  if (sameOutcome(tested, computed)) return { ...UNCHANGED, depositsConsumed, warning };

  const { units, receipts } = changedUnits(trial, rules, depositsConsumed, isExample);
  const changed = new Set(units.map(({ kind, index }) => `${kind} ${index}`));
  const inSequence = tested.status === "INVALID" ? [] : differingUnits(computed, tested.computed);
  const isFaithful = sameReceipts(receipts, computed.receipts);
  const together = !isFaithful || changed.size === 0 || (inSequence.length > 0 && !changed.has(inSequence[0]));
  return {
    units: isFaithful ? units : [],
    block:
      tested.status === "INVALID"
        ? invalidBlock(trial, rules, tested.rejection)
        : together
          ? wholeBlock(trial, rules, computed, inSequence[0])
          : undefined,
    consequences: inSequence.filter((unit) => !changed.has(unit)).length,
    depositsConsumed,
    isChanged: true,
    warning,
  };
}

const UNCHANGED = { units: [], block: undefined, consequences: 0, depositsConsumed: 0, isChanged: false };

function execute(trial: BlockTrial, rules: SwitchedRules, by: Rules, cache: StateCache): NewPayloadResult {
  const layer = new ExecutionLayer(rules.configOf(trial.fullShardId, by), trial.nodes, cache);
  return new InProcessClient([layer]).newPayload(trial.payload);
}

/** Receipts are in the order of a result's: transactions, then deposits. */
function changedUnits(
  trial: BlockTrial,
  rules: SwitchedRules,
  deposits: number,
  isExample: (switches: readonly string[]) => boolean,
): { readonly units: UnitChange[]; readonly receipts: readonly Receipt[] } {
  const runs = new UnitRuns(trial, rules);
  const units: UnitChange[] = [];
  const receipts = { deposit: [] as Receipt[], transaction: [] as Receipt[] };
  for (const { unit, run } of runs.reference(deposits)) {
    const { receipt } = run;
    if (receipt !== undefined) receipts[unit.kind].push(receipt);
    const change = unitChange({ trial, rules, runs, unit, before: run, isExample });
    if (change !== undefined) units.push(change);
  }
  return { units, receipts: [...receipts.transaction, ...receipts.deposit] };
}

function sameReceipts(a: readonly Receipt[], b: readonly Receipt[]): boolean {
  return a.length === b.length && a.every((receipt, i) => bytesEqual(encodeReceipt(receipt), encodeReceipt(b[i])));
}

function sameOutcome(outcome: NewPayloadResult, expected: ExecutionResult): boolean {
  if (outcome.status === "INVALID") return false;
  const { computed } = outcome;
  return (
    bytesEqual(computed.stateRoot, expected.stateRoot) &&
    bytesEqual(computed.receiptRoot, expected.receiptRoot) &&
    computed.gasUsed === expected.gasUsed &&
    computed.xshardReceiveGasUsed === expected.xshardReceiveGasUsed &&
    computed.depositsConsumed === expected.depositsConsumed
  );
}

/** Units whose receipts differ in more than the gas of those before them, as "deposit 0", in the order of execution. */
function differingUnits(reference: ExecutionResult, tested: ExecutionResult): string[] {
  const [a, b] = [ownReceipts(reference), ownReceipts(tested)];
  return [...a.keys()].filter((unit) => b.has(unit) && a.get(unit) !== b.get(unit));
}

/** What each unit's receipt says of itself, by unit. */
function ownReceipts({ receipts, senders, xshardReceiveGasUsed }: ExecutionResult): Map<string, string> {
  const transactions = receipts.slice(0, senders.length);
  const deposits = receipts.slice(senders.length);
  const own = new Map<string, string>();
  const add = (kind: "deposit" | "transaction", list: readonly Receipt[], gasBefore: bigint) => {
    let before = gasBefore;
    for (const [index, receipt] of list.entries()) {
      const gas = receipt.cumulativeGasUsed - before;
      before = receipt.cumulativeGasUsed;
      own.set(`${kind} ${index}`, toHex(encodeReceipt({ ...receipt, cumulativeGasUsed: gas })));
    }
  };
  add("deposit", deposits, 0n);
  add("transaction", transactions, xshardReceiveGasUsed);
  return own;
}

function invalidBlock(
  trial: BlockTrial,
  rules: SwitchedRules,
  { transactionIndex, reason }: PayloadRejection,
): BlockOutcome["block"] {
  const switches = switchesOf(trial, rules, (outcome) => outcome.status === "EXECUTED");
  return { kind: "invalid", transactionIndex: transactionIndex ?? null, reason, switches };
}

function wholeBlock(
  trial: BlockTrial,
  rules: SwitchedRules,
  expected: ExecutionResult,
  first: string | undefined,
): BlockOutcome["block"] {
  const [kind, index] = first?.split(" ") ?? [];
  return {
    kind: "together",
    transactionIndex: kind === "transaction" ? Number(index) : null,
    reason:
      first === undefined ? "its transactions differ only together" : `${first} differs only after those before it`,
    switches: switchesOf(trial, rules, (outcome) => sameOutcome(outcome, expected)),
  };
}

function switchesOf(
  trial: BlockTrial,
  rules: SwitchedRules,
  matches: (outcome: NewPayloadResult) => boolean,
): string[] {
  const restores = (off: ReadonlySet<string>) => {
    try {
      return matches(execute(trial, rules, rules.without(off), new StateCache()));
    } catch (error) {
      if (error instanceof UnsupportedError) return false;
      throw error;
    }
  };
  return [...smallestSet(rules.names, restores, MAX_RUNS).names];
}
