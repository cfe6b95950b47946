import { bucketMicroseconds, STAGES, type StageHistogram } from "../../node/measure/stages.ts";
import type { RangeResult, Report } from "./schema.ts";

type StageProfile = NonNullable<Report["timing"]["profile"]>[number];

/** The stages' times over all ranges; nothing where no range was profiled. */
export function profileOf(results: readonly RangeResult[]): Pick<Report["timing"], "profile"> {
  const histograms = results.flatMap(({ timing }) => timing.histograms ?? []);
  if (histograms.length === 0) return {};
  return {
    profile: STAGES.map((stage) =>
      stageProfile(
        stage,
        histograms.filter((one) => one.stage === stage),
      ),
    ),
  };
}

function stageProfile(stage: string, histograms: readonly Omit<StageHistogram, "stage">[]): StageProfile {
  const counts = new Map<number, number>();
  for (const { buckets } of histograms) {
    for (const [bucket, blocks] of Object.entries(buckets)) {
      counts.set(Number(bucket), (counts.get(Number(bucket)) ?? 0) + blocks);
    }
  }
  const ascending = [...counts].sort(([a], [b]) => a - b);
  return {
    stage,
    blocks: ascending.reduce((sum, [, blocks]) => sum + blocks, 0),
    seconds: histograms.reduce((sum, { seconds }) => sum + seconds, 0),
    p50Microseconds: quantile(ascending, 0.5),
    p99Microseconds: quantile(ascending, 0.99),
  };
}

/** Upper end of the bucket that the quantile lies in; 0 where no block was in the stage. */
function quantile(ascending: readonly (readonly [bucket: number, blocks: number])[], share: number): number {
  const all = ascending.reduce((sum, [, blocks]) => sum + blocks, 0);
  let seen = 0;
  for (const [bucket, blocks] of ascending) {
    seen += blocks;
    if (seen >= all * share) return Math.round(bucketMicroseconds(bucket) * 10) / 10;
  }
  return 0;
}
