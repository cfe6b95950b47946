import type { Receipt } from "../../../node/chain/receipt.ts";
import type { Executor } from "../../execution/trial.ts";
import { recordUnits, type UnitRecord } from "../units/record-units.ts";
import { captureCase } from "./capture-case.ts";
import { addressKey } from "./case-state.ts";
import { firstUnits, foldedInto } from "./case-units.ts";
import { compareOutcomes } from "./compare-outcomes.ts";
import { declaredExpectation } from "./declared-expectation.ts";
import type { ExecutedOutcome, Outcome, OutcomeDifference, Reproducer, ReproducerCase } from "./format.ts";
import { assembledReproducer, type ReproducerOrigin } from "./make-reproducer.ts";
import { entriesOf, outcomeOf } from "./outcome.ts";
import { runCase } from "./run-case.ts";
import { TouchedState } from "./touched-state.ts";

export interface DeclaredReproducerRequest extends ReproducerOrigin {
  readonly tested: Executor;
  /** What the block declares, where it is stored. */
  readonly receipts: readonly Receipt[] | undefined;
}

interface ExpectingCase {
  readonly subject: ReproducerCase;
  readonly expected: ExecutedOutcome;
}

/**
 * A case for a block that no rules bring to what it declares: the declared values are expected, and only what cannot
 * matter to them is left out, which is units behind the one that differs and, as part of the state, units before it.
 * Undefined where the execution comes to all that is known of the declared block.
 */
export function makeDeclaredReproducer(request: DeclaredReproducerRequest): Reproducer | undefined {
  const { trial, config, tested, receipts } = request;
  const { units, result } = recordUnits(trial, tested);
  const { subject, touched } = captureCase(trial, config, [tested]);
  const whole = { subject, expected: declaredExpectation(trial, result, touched, receipts) };
  const differences = compareOutcomes(whole.expected, gotOf(whole, tested));
  if (differences.length === 0) return undefined;
  const blamed = result.status === "INVALID" ? units.length - 1 : placeOf(units, differences[0]);
  const needed = withoutUnused(smallest(whole, units, blamed, tested), tested);
  const got = gotOf(needed, tested);
  return assembledReproducer(request, {
    subject: needed.subject,
    source: { source: "declared", name: "the block" },
    expected: needed.expected,
    got,
    differences: compareOutcomes(needed.expected, got),
  });
}

/** `blamed`: place of the unit whose own outcome differs; undefined where only what is left in the end does. */
function smallest(
  whole: ExpectingCase,
  units: readonly UnitRecord[],
  blamed: number | undefined,
  tested: Executor,
): ExpectingCase {
  const addresses = Object.keys(whole.expected.state ?? {});
  const last = blamed ?? units.findLastIndex((unit) => uses(unit, addresses));
  if (last < 0 || units[last].unit.kind === "reward") return whole;
  const cut = cutBehind(whole, units, last);
  if (compareOutcomes(cut.expected, gotOf(cut, tested)).length === 0) return whole;
  // Whoever mines is paid by every unit. Of the others, units that used what differs may have had a part in it.
  const coinbase = addressKey(whole.subject.block.coinbase);
  const first = units.findIndex((unit) =>
    uses(
      unit,
      addresses.filter((address) => address !== coinbase),
    ),
  );
  return folded(cut, units, first < 0 ? last : Math.min(first, last), tested);
}

function placeOf(units: readonly UnitRecord[], { where }: OutcomeDifference): number | undefined {
  const place = units.findIndex(({ unit }) => nameOf(unit) === where);
  return place < 0 ? undefined : place;
}

function gotOf({ subject, expected }: ExpectingCase, tested: Executor): Outcome {
  return outcomeOf(runCase(subject, tested), entriesOf(expected));
}

/** Without units behind `last`, and without expectations that they have a part in. */
function cutBehind({ subject, expected }: ExpectingCase, units: readonly UnitRecord[], last: number): ExpectingCase {
  const behind = units.slice(last + 1);
  const kept = new Set(units.slice(0, last + 1).map(({ unit }) => nameOf(unit)));
  const state = Object.entries(expected.state ?? {}).filter(
    ([address]) => !behind.some((unit) => uses(unit, [address])),
  );
  return {
    subject: firstUnits(subject, last + 1),
    expected: {
      status: "EXECUTED",
      ...(expected.units === undefined ? {} : { units: expected.units.filter((unit) => kept.has(nameOf(unit))) }),
      state: Object.fromEntries(state),
    },
  };
}

/** With the units before `first` in the state, if what comes out stays the same. */
function folded(whole: ExpectingCase, units: readonly UnitRecord[], first: number, tested: Executor): ExpectingCase {
  const touched = new TouchedState();
  const got = outcomeOf(runCase(whole.subject, tested, undefined, touched), entriesOf(whole.expected));
  const subject = first === 0 ? undefined : foldedInto(whole.subject, first, tested, touched);
  if (subject === undefined) return whole;
  const small = { subject, expected: withoutUnits(whole.expected, units, first) };
  const wanted = got.status === "EXECUTED" ? withoutUnits(got, units, first) : { ...got, ...refusedAt(units, first) };
  const comparable = wanted.status === "EXECUTED" ? { ...small.expected, ...onlyKnown(wanted) } : wanted;
  return compareOutcomes(comparable, gotOf(small, tested)).length === 0 ? small : whole;
}

/** Receipts and entries of the state: what does not hang on how many units there are. */
function onlyKnown({ units, state }: ExecutedOutcome): Pick<ExecutedOutcome, "units" | "state"> {
  return { units, state };
}

function refusedAt(units: readonly UnitRecord[], first: number) {
  const transactions = units.slice(first).filter(({ unit }) => unit.kind === "transaction");
  return { transactionIndex: transactions.length === 0 ? null : transactions.length - 1 };
}

/** Receipts counted anew from `first` on: their numbers and the gas before them. */
function withoutUnits(outcome: ExecutedOutcome, units: readonly UnitRecord[], first: number): ExecutedOutcome {
  const before = units.slice(0, first);
  const gas = before.reduce((sum, { outcome: ended }) => sum + (ended?.gasUsed ?? 0n), 0n);
  const gone = (kind: string) => before.filter(({ unit }) => unit.kind === kind).length;
  const kept = (outcome.units ?? []).filter(({ kind, index }) => index >= gone(kind));
  return {
    status: "EXECUTED",
    ...(outcome.units === undefined
      ? {}
      : {
          units: kept.map((unit) => ({
            ...unit,
            index: unit.index - gone(unit.kind),
            cumulativeGasUsed: unit.cumulativeGasUsed - gas,
          })),
        }),
    state: outcome.state,
  };
}

/** With the accounts alone that are still used. */
function withoutUnused(whole: ExpectingCase, tested: Executor): ExpectingCase {
  const { touched } = runCase(whole.subject, tested);
  const pre = Object.entries(whole.subject.pre).filter(([address]) => touched.accounts.has(address));
  return { ...whole, subject: { ...whole.subject, pre: Object.fromEntries(pre) } };
}

function uses({ accesses }: UnitRecord, addresses: readonly string[]): boolean {
  return accesses.some(({ address }) => addresses.includes(addressKey(address)));
}

function nameOf({ kind, index }: { readonly kind: string; readonly index: number }): string {
  return `${kind} ${index}`;
}
