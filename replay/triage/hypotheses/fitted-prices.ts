import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import { grouped } from "../../text/grouped.ts";
import type { Evidence, Hypothesis } from "./hypothesis.ts";
import { type Price, pricesOf } from "./prices.ts";

/** Steps in which a price is corrected by what a block with it still lacks. */
const CORRECTIONS = 3;

/**
 * Prices with which a block uses the gas that it declares: how often it pays each is measured by making it dearer, and
 * the difference divided by that. Only whole numbers count.
 */
export function* fittedPrices(evidence: Evidence): Generator<Hypothesis> {
  const { tested, executed, differs } = evidence;
  if (executed.outcome.status === "INVALID" || !(differs("gasUsed") || differs("receiptRoot"))) return;
  for (const price of pricesOf(tested)) {
    if (!price.isUsed(executed)) continue;
    const tried = new Set<number>([price.value(tested)]);
    for (const value of valuesOf(price, evidence)) {
      if (tried.has(value)) continue;
      tried.add(value);
      yield priceHypothesis(price, price.value(tested), value);
    }
  }
}

function* valuesOf(price: Price, evidence: Evidence): Generator<number> {
  const { tested, executed, trial } = evidence;
  const base = price.value(tested);
  const gasWith = (value: number) => gasOf(evidence.run(() => ({ rules: (rules) => price.with(rules, value) })));
  const now = gasOf(executed.outcome);
  const more = gasWith(base + 1);
  const isPaid = now !== undefined && more !== undefined && more !== now;
  if (isPaid && price.isLinear) {
    const slope = more - now;
    let value = base;
    let gas: number | undefined = now;
    for (let i = 0; i < CORRECTIONS && gas !== undefined; i++) {
      const missing = Number(trial.block.meta.gasUsed) - gas;
      if (missing === 0 || missing % slope !== 0) break;
      value += missing / slope;
      if (!isPossible(value, base)) break;
      yield value;
      gas = gasWith(value);
    }
  }
  // Gas that is used up to the last either way does not tell how often something is paid.
  if (isPaid || more === undefined || !price.isLinear) yield* price.known;
  if (!price.isLinear && base > 1)
    yield* [base * 2, Math.floor(base / 2), base + 1, base - 1].filter((value) => isPossible(value, base));
}

/** What takes all gas there is says nothing of a price: whoever pays it fails, whatever the number. */
function isPossible(value: number, base: number): boolean {
  return value >= 0 && value <= Math.max(50_000, 10 * base);
}

function gasOf(outcome: NewPayloadResult | undefined): number | undefined {
  return outcome?.status === "EXECUTED" ? Number(outcome.computed.gasUsed) : undefined;
}

function priceHypothesis(price: Price, base: number, value: number): Hypothesis {
  const by = value - base;
  const was = price.isExtra ? "" : ` instead of ${grouped(base)}`;
  return {
    id: `price.${price.id}=${value}`,
    says: `${price.what} ${price.verb === "be" ? "were" : "cost"} ${grouped(value)}${was}`,
    refutedBy: `a block that pays for it and matches what it declares, or differs by other than ${grouped(Math.abs(by))} gas each`,
    cost: costOf(price, value, by),
    vary: () => ({ rules: (rules) => price.with(rules, value) }),
  };
}

/** Values of other rules first, then round differences; what costs nothing so far needs more to be believed. */
function costOf(price: Price, value: number, by: number): number {
  if (price.known.includes(value)) return 1;
  return 2 + significantDigits(by) / 2 + (price.isExtra ? 0.5 : 0);
}

function significantDigits(value: number): number {
  return `${Math.abs(value)}`.replace(/0+$/, "").length;
}
