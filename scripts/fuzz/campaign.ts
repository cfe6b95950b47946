import type { Difference, Level } from "./level.ts";

export interface CampaignOptions {
  readonly seed: number;
  /** How many cases to run at least. */
  readonly cases: number;
  /** Stop after so many differences. */
  readonly maxDifferences: number;
  readonly onProgress: (cases: number) => void;
}

export interface CampaignResult<Case> {
  readonly cases: number;
  readonly differences: readonly Difference<Case>[];
}

/** Seeds of a run do not meet those of another: they lie this far apart. */
const SEED_DISTANCE = 2 ** 30;

/**
 * Runs a level's cases, the same ones for the same seed. While one batch is judged here the reference makes the next.
 */
export async function runCampaign<Case>(level: Level<Case>, options: CampaignOptions): Promise<CampaignResult<Case>> {
  const differences: Difference<Case>[] = [];
  let cases = 0;
  let nextSeed = options.seed * SEED_DISTANCE;
  const request = (): Promise<Case[]> => {
    const seeds = Array.from({ length: level.seedsPerRequest }, () => nextSeed++);
    const answer = level.casesOf(seeds);
    // Answers that nobody waits for any more must not end the process.
    answer.catch(() => undefined);
    return answer;
  };
  let coming = request();
  while (cases < options.cases && differences.length < options.maxDifferences) {
    const batch = await coming;
    if (cases + batch.length < options.cases) coming = request();
    for (const candidate of batch) {
      if (cases >= options.cases) break;
      cases++;
      if (!level.differs(candidate)) continue;
      differences.push(await level.explain(candidate));
      if (differences.length >= options.maxDifferences) break;
    }
    options.onProgress(cases);
  }
  return { cases, differences };
}
