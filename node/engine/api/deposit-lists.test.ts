import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DueDeposit } from "../../el/payload.ts";
import { ENGINE_ERROR } from "../engine-error.ts";
import { DepositList, mostDepositsConsumed, withKeptDeposits } from "./deposit-lists.ts";
import { dueDepositSample } from "./samples.testkit.ts";

const [SAMPLE] = fc.sample(dueDepositSample, { seed: 1, numRuns: 1 });

function due(rootBlockHeight: number, deposit: Partial<DueDeposit["deposit"]>): DueDeposit {
  return { deposit: { ...SAMPLE.deposit, ...deposit }, cursor: { ...SAMPLE.cursor, rootBlockHeight } };
}

/** For ever the same, and only once. */
function* stream(item: DueDeposit, most = 10_000): Generator<DueDeposit> {
  for (let index = 0; index < most; index++) yield item;
}

const CHARGED = due(100, { gasPrice: 1n, gasRemained: 0n, isFromRootChain: false });

describe("how many deposits cross", () => {
  test.each([
    ["a transfer uses 9000 gas", CHARGED, 90_000n, 10],
    ["one that has begun is paid in full", CHARGED, 90_001n, 11],
    ["a limit of zero takes one", CHARGED, 0n, 1],
    ["a message may get half of its gas back", due(100, { ...CHARGED.deposit, gasRemained: 1n }), 90_000n, 20],
    [
      "without a price it costs gas since the fix",
      due(100, { gasPrice: 0n, gasRemained: 0n, isFromRootChain: false }),
      90_000n,
      10,
    ],
  ])("%s", (_name, item, limit, count) => {
    const list = mostDepositsConsumed(stream(item), limit, 100);
    expect(list.items).toHaveLength(count);
    expect(list.isCut).toBe(true);
  });

  test.each([
    ["before the fix", due(99, { gasPrice: 0n, isFromRootChain: false }), 100],
    ["where the fix's height is unknown", due(99, { gasPrice: 0n, isFromRootChain: false }), Number.POSITIVE_INFINITY],
    ["of the root chain", due(100, { gasPrice: 0n, isFromRootChain: true }), 100],
  ])("what may be free is not counted: %s", (_name, item, fixHeight) => {
    const list = mostDepositsConsumed(stream(item, 50), 9000n, fixHeight);
    expect(list.items).toHaveLength(50);
    expect(list.isCut).toBe(false);
    expect([...list]).toHaveLength(50);
  });

  test("who walks past the end of a cut list is told", () => {
    const list = new DepositList([CHARGED], true);
    const walk = list[Symbol.iterator]();
    expect(walk.next().value).toBe(CHARGED);
    expect(() => walk.next()).toThrow(expect.objectContaining({ rpcCode: ENGINE_ERROR.moreDepositsNeeded }));
  });

  test("a walk that can be made once is kept for a call that is made twice", () => {
    let walked = 0;
    function* once() {
      for (const item of stream(CHARGED, 5)) {
        walked++;
        yield item;
      }
    }
    const inputs = {
      deposits: once(),
      exhaustedCursor: CHARGED.cursor,
      senderDisallowMap: new Map(),
      reachableShards: new Set<number>(),
      blockReward: new Map(),
    };
    const kept = withKeptDeposits({ inputs }).inputs;
    expect(mostDepositsConsumed(kept.deposits, 18_000n, 0).items).toHaveLength(2);
    expect(walked).toBe(2);
    expect([...kept.deposits]).toHaveLength(5);
    expect([...kept.deposits]).toHaveLength(5);
    expect(walked).toBe(5);
  });
});
