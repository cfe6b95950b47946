import { expect, test } from "vitest";
import { readVectors } from "../../execution-node/reads/read-vectors.testkit.ts";
import { type LifeStep, type LifeVector, ShardLife } from "./shard-life.testkit.ts";

interface Recorded extends Pick<LifeVector, "config" | "rootGenesis"> {
  readonly lives: readonly { readonly fullShardId: number; readonly steps: readonly LifeStep[] }[];
}

const { lives, ...cluster } = readVectors<Recorded>("recorded");

test.each(lives)(
  "shard $fullShardId answers what a real cluster's slave was recorded to answer",
  async (recorded) => {
    const { fullShardId, steps } = recorded;
    const life = await ShardLife.open({ ...cluster, fullShardId });
    let asked = 0;
    try {
      for (const [index, step] of steps.entries()) {
        if (!("ask" in step)) {
          await life.take(step);
          continue;
        }
        asked++;
        const answer = await life.answer(step.ask, step.request);
        expect([index, step.ask, answer]).toEqual([index, step.ask, step.answer]);
      }
    } finally {
      await life.close();
    }
    expect(asked).toBeGreaterThan(100);
  },
  60_000,
);
