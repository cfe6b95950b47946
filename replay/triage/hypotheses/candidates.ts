import { depositVariants } from "./deposit-variants.ts";
import { fittedPrices } from "./fitted-prices.ts";
import type { Candidates, Evidence, Hypothesis } from "./hypothesis.ts";
import { instructionVariants } from "./instruction-variants.ts";
import { receiptVariants } from "./receipt-variants.ts";
import { rewardVariants } from "./reward-variants.ts";
import { ruleVariants } from "./rule-variants.ts";
import { stakingVariants } from "./staking-variants.ts";
import { stateVariants } from "./state-variants.ts";
import { timeVariants } from "./time-variants.ts";

const ALL: readonly Candidates[] = [
  ruleVariants,
  fittedPrices,
  instructionVariants,
  stateVariants,
  receiptVariants,
  depositVariants,
  rewardVariants,
  stakingVariants,
  timeVariants,
];

/** Everything that may have been done otherwise in a block. */
export function* candidatesFor(evidence: Evidence): Generator<Hypothesis> {
  for (const candidates of ALL) yield* candidates(evidence);
}
