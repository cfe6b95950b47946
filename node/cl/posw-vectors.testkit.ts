import { readFileSync } from "node:fs";
import type { PoswConfig } from "../chain/config.ts";

/** POSW_CONFIG as the vectors of fixtures/posw spell it. */
export interface PoswConfigVector {
  readonly ENABLED: boolean;
  readonly ENABLE_TIMESTAMP: number;
  readonly DIFF_DIVIDER: number;
  readonly WINDOW_SIZE: number;
  readonly TOTAL_STAKE_PER_BLOCK: string;
  readonly BOOST_TIMESTAMP: number;
  readonly BOOST_MULTIPLIER_PER_STEP: number;
  readonly BOOST_STEPS: number;
  readonly BOOST_STEP_INTERVAL: number;
}

/** Cases of a file in fixtures/posw; its `fields` explains them. */
export function poswCases<T>(name: string): readonly T[] {
  const path = new URL(`../../fixtures/posw/${name}.json`, import.meta.url).pathname;
  return JSON.parse(readFileSync(path, "utf8")).cases;
}

export function poswConfig(vector: PoswConfigVector): PoswConfig {
  return {
    enabled: vector.ENABLED,
    enableTimestamp: vector.ENABLE_TIMESTAMP,
    diffDivider: BigInt(vector.DIFF_DIVIDER),
    windowSize: vector.WINDOW_SIZE,
    totalStakePerBlock: BigInt(vector.TOTAL_STAKE_PER_BLOCK),
    boostTimestamp: vector.BOOST_TIMESTAMP,
    boostMultiplierPerStep: BigInt(vector.BOOST_MULTIPLIER_PER_STEP),
    boostSteps: vector.BOOST_STEPS,
    boostStepInterval: vector.BOOST_STEP_INTERVAL,
  };
}
