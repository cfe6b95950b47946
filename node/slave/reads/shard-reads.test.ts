import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toHex } from "../../codec/bytes.ts";
import { readVectors } from "../../execution-node/reads/read-vectors.testkit.ts";
import { CLUSTER_RPC } from "../../wire/cluster-ops.ts";
import { encode } from "../../wire/codec.ts";
import type { Rpc } from "../../wire/operation.ts";
import { type ReadName, UNANSWERED } from "./empty-answers.ts";
import { type LifeVector, ShardLife } from "./shard-life.testkit.ts";

interface Asked {
  readonly step: number;
  readonly name: string;
  readonly request: string;
  /** Null where pyquarkchain's slave ends itself. */
  readonly expected: string | null;
  readonly got: string;
}

const NAMES = Object.keys(UNANSWERED) as ReadName[];
const vector = readVectors<LifeVector>("shard");
const asked: Asked[] = [];
const stats: { readonly expected: string; readonly got: string }[] = [];
let life: ShardLife;

beforeAll(async () => {
  life = await ShardLife.open(vector);
  for (const [index, step] of vector.steps.entries()) {
    if ("ask" in step) {
      const got = await life.answer(step.ask, step.request);
      asked.push({ step: index, name: step.ask, request: step.request, expected: step.answer, got });
    } else if ("stats" in step) {
      stats.push({ expected: step.stats, got: life.stats() });
    } else {
      await life.take(step);
    }
  }
}, 120_000);

afterAll(() => life.close());

describe("what pyquarkchain's slave answers, byte for byte, through a shard's life", () => {
  test.each(NAMES)("%s", (name) => {
    const rpc: Rpc<unknown, unknown> = CLUSTER_RPC[name];
    const mine = asked.filter((each) => each.name === rpc.name);
    expect(mine.length).toBeGreaterThan(5);
    const unanswered = toHex(encode(rpc.response, UNANSWERED[name]));
    const wrong = mine.filter(({ expected, got }) => got !== (expected ?? unanswered));
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  test("the stats that go with every header", () => {
    expect(stats.length).toBeGreaterThan(5);
    expect(stats.map(({ got }) => got)).toEqual(stats.map(({ expected }) => expected));
  });
});
