import { afterEach, describe, expect, it } from "vitest";
import {
  enterStage,
  finishTimedBlock,
  leaveStage,
  RULES,
  startTimedBlock,
  TRIE,
  takeStageHistograms,
  timeStages,
} from "../../node/measure/stages.ts";
import { rangeResult } from "./report.testkit.ts";
import { profileOf } from "./stage-profile.ts";

afterEach(() => {
  takeStageHistograms();
});

const busy = (milliseconds: number) => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

const withHistograms = (buckets: Record<string, number>) => {
  const result = rangeResult(0);
  const histograms = [{ stage: "execute", seconds: 2, buckets }];
  return { ...result, timing: { ...result.timing, histograms } };
};

describe("the profile of a run", () => {
  it("is absent where nothing was timed", () => {
    expect(profileOf([rangeResult(0)])).toEqual({});
    expect(takeStageHistograms()).toBeUndefined();
  });

  it("puts the blocks of all ranges together", () => {
    const { profile } = profileOf([withHistograms({ "0": 98 }), withHistograms({ "80": 1, "160": 1 })]);
    const execute = profile?.find(({ stage }) => stage === "execute");
    expect(execute).toEqual({
      stage: "execute",
      blocks: 100,
      seconds: 4,
      p50Microseconds: 0.1,
      p99Microseconds: 102.4,
    });
    expect(profile?.find(({ stage }) => stage === "trie")).toMatchObject({ blocks: 0, p50Microseconds: 0 });
  });

  it("takes the time of an inner stage off the outer one, and begins anew with each block", () => {
    timeStages();
    for (let block = 0; block < 3; block++) {
      startTimedBlock();
      const outer = enterStage(TRIE);
      busy(4);
      if (block < 2) leaveStage(outer);
      finishTimedBlock();
    }
    const taken = takeStageHistograms() ?? [];
    const [rules, trie] = [taken[RULES], taken[TRIE]];
    expect(Object.values(trie.buckets).reduce((sum, blocks) => sum + blocks, 0)).toBe(3);
    expect(trie.seconds).toBeGreaterThanOrEqual(0.012);
    expect(rules.seconds).toBeLessThan(trie.seconds);
  });
});
