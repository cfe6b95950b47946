import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { fractionFromFloat } from "../chain/fraction.ts";
import {
  addressFromHex,
  bytesFromKey,
  bytesKey,
  type Hash32,
  toHex,
  uint32ToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { keccak256 } from "../codec/keccak.ts";
import { GOQUARKCHAIN_CONSENSUS } from "./consensus-rules.ts";
import {
  CoinbaseWindow,
  diffDivider,
  isPoswEnabled,
  minorPoswInfo,
  senderDisallowMap,
  stakePerBlock,
  type WindowHeader,
} from "./posw.ts";
import { type PoswConfigVector, poswCases, poswConfig } from "./posw-vectors.testkit.ts";

const VARIED = readFixtureConfig("varied.json").quarkchain;
const STAKING_SHARD = VARIED.shards.get(0x10002)!;

interface MinorCase {
  readonly config: PoswConfigVector;
  readonly decayTimestamp: number | null;
  readonly decayFactor: number;
  readonly epochInterval: number;
  readonly height: number;
  readonly createTime: number;
  readonly difficulty: string;
  readonly stakes: string;
  readonly minedInWindow: number;
  readonly divider: number;
  readonly info: {
    readonly effectiveDifficulty: string;
    readonly mineableBlocks: number;
    readonly minedBlocks: number;
  } | null;
}

describe("minorPoswInfo (shard_state.py _posw_info, posw.py get_posw_info)", () => {
  it.each(poswCases<MinorCase>("minor"))("height $height, stakes $stakes, mined $minedInWindow", (vector) => {
    const config = {
      ...VARIED,
      enablePoswStakingDecayTimestamp: vector.decayTimestamp,
      blockRewardDecayFactor: fractionFromFloat(vector.decayFactor),
    };
    const shard = { ...STAKING_SHARD, posw: poswConfig(vector.config), epochInterval: vector.epochInterval };
    const header = {
      height: vector.height,
      createTime: vector.createTime,
      difficulty: BigInt(vector.difficulty),
    };
    const info = minorPoswInfo(config, shard, header, BigInt(vector.stakes), vector.minedInWindow);
    const readable = info && { ...info, effectiveDifficulty: String(info.effectiveDifficulty) };
    expect(readable).toEqual(vector.info);
    expect(diffDivider(shard.posw, vector.createTime)).toBe(BigInt(vector.divider));
  });
});

describe("stakePerBlock", () => {
  const shard = { ...STAKING_SHARD, epochInterval: 10, posw: { ...STAKING_SHARD.posw, totalStakePerBlock: 2500n } };
  const config = { ...VARIED, enablePoswStakingDecayTimestamp: 1000 };
  const header = (createTime: number, height: number) => ({ createTime, height, difficulty: 1n });

  it("decays with the reward, strictly after the decay date", () => {
    expect(stakePerBlock(config, shard, header(1000, 20))).toBe(2500n);
    expect(stakePerBlock(config, shard, header(1001, 20))).toBe(1936n);
    expect(stakePerBlock(config, shard, header(1001, 9))).toBe(2500n);
    expect(stakePerBlock({ ...config, enablePoswStakingDecayTimestamp: null }, shard, header(1001, 20))).toBe(2500n);
  });

  it("is the whole stake again once it would have decayed to nothing (get_posw_info: stake_per_block or …)", () => {
    const small = { ...shard, posw: { ...shard.posw, totalStakePerBlock: 1n } };
    expect(stakePerBlock(config, small, header(1001, 20))).toBe(1n);
  });
});

describe("diffDivider (config.py get_diff_divider)", () => {
  const posw = STAKING_SHARD.posw;

  it("is boosted from the boost date on, step by step up to the last", () => {
    const at = (seconds: number) => diffDivider(posw, posw.boostTimestamp + seconds);
    expect([-1, 0, 99, 100, 299, 300, 400, 10_000].map(at)).toEqual([7n, 21n, 21n, 63n, 189n, 567n, 567n, 567n]);
  });

  it("is not boosted where the boost date is 0", () => {
    expect(diffDivider({ ...posw, boostTimestamp: 0 }, 10 ** 9)).toBe(7n);
  });
});

describe("isPoswEnabled", () => {
  const { posw } = STAKING_SHARD;

  it("begins with the enabling date itself", () => {
    expect(isPoswEnabled(posw, posw.enableTimestamp - 1)).toBe(false);
    expect(isPoswEnabled(posw, posw.enableTimestamp)).toBe(true);
    expect(isPoswEnabled({ ...posw, enabled: false }, posw.enableTimestamp)).toBe(false);
  });
});

describe("senderDisallowMap (shard_state.py _get_sender_disallow_map)", () => {
  const { posw } = STAKING_SHARD;
  const stake = posw.totalStakePerBlock;
  const miner = addressFromHex("11".repeat(20));
  const other = addressFromHex("22".repeat(20));
  const counts = new Map([
    [bytesKey(ZERO_ADDRESS), 1],
    [bytesKey(other), 2],
  ]);

  it("locks the stakes of every miner in the window and of the block's own", () => {
    expect(senderDisallowMap(posw, posw.enableTimestamp, counts, miner)).toEqual(
      new Map([
        [bytesKey(ZERO_ADDRESS), stake],
        [bytesKey(other), 2n * stake],
        [bytesKey(miner), stake],
      ]),
    );
    expect(senderDisallowMap(posw, posw.enableTimestamp, counts, other).get(bytesKey(other))).toBe(3n * stake);
  });

  it("locks nothing while the parent is older than the enabling date", () => {
    expect(senderDisallowMap(posw, posw.enableTimestamp - 1, counts, miner).size).toBe(0);
    const others = senderDisallowMap(posw, posw.enableTimestamp - 1, counts, miner, GOQUARKCHAIN_CONSENSUS);
    expect(others).toEqual(senderDisallowMap(posw, posw.enableTimestamp, counts, miner));
    const disabled = { ...posw, enabled: false };
    expect(senderDisallowMap(disabled, posw.enableTimestamp, counts, miner, GOQUARKCHAIN_CONSENSUS).size).toBe(0);
  });
});

interface WindowCase {
  readonly windowSize: number;
  readonly coinbases: readonly string[];
  readonly countsAfter: readonly Readonly<Record<string, number>>[];
}

const hashAt = (height: number): Hash32 => keccak256(uint32ToBytes(height));

function headersOf(coinbases: readonly string[]): Map<string, WindowHeader> {
  return new Map(
    coinbases.map((coinbase, height) => [
      toHex(hashAt(height)),
      { height, prevHash: height === 0 ? ZERO_HASH : hashAt(height - 1), coinbase: addressFromHex(coinbase) },
    ]),
  );
}

function readable(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].map(([key, count]) => [toHex(bytesFromKey(key)), count]));
}

describe("CoinbaseWindow (posw.py get_posw_coinbase_blockcnt)", () => {
  const cases = poswCases<WindowCase>("window");

  it.each(cases)("of $windowSize counts as pyquarkchain going up and starting anywhere", (vector) => {
    const headers = headersOf(vector.coinbases);
    const headerOf = (hash: Hash32) => headers.get(toHex(hash));
    const climbing = new CoinbaseWindow(vector.windowSize, headerOf);
    vector.countsAfter.forEach((counts, height) => {
      expect(readable(climbing.countsAfter(hashAt(height)))).toEqual(counts);
      expect(readable(new CoinbaseWindow(vector.windowSize, headerOf).countsAfter(hashAt(height)))).toEqual(counts);
    });
  });

  it("counts the same whatever it was asked before", () => {
    const vector = cases.reduce((longest, next) => (next.coinbases.length > longest.coinbases.length ? next : longest));
    const headers = headersOf(vector.coinbases);
    const window = new CoinbaseWindow(vector.windowSize, (hash) => headers.get(toHex(hash)));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: vector.countsAfter.length - 1 }), fc.nat(6), (start, steps) => {
        for (let height = start; height <= start + steps && height < vector.countsAfter.length; height++) {
          expect(readable(window.countsAfter(hashAt(height)))).toEqual(vector.countsAfter[height]);
        }
      }),
    );
  });

  it("reads one header for each block on the way up", () => {
    const headers = headersOf(Array.from({ length: 100 }, (_, i) => (i % 7).toString(16).padStart(40, "0")));
    let reads = 0;
    const window = new CoinbaseWindow(64, (hash) => {
      reads++;
      return headers.get(toHex(hash));
    });
    window.countsAfter(hashAt(80));
    reads = 0;
    for (let height = 81; height < 100; height++) window.countsAfter(hashAt(height));
    expect(reads).toBe(19);
  });

  it("says which block of the window is missing", () => {
    const headers = headersOf(["00".repeat(20), "11".repeat(20), "22".repeat(20)]);
    headers.delete(toHex(hashAt(0)));
    const window = new CoinbaseWindow(16, (hash) => headers.get(toHex(hash)));
    expect(() => window.countsAfter(hashAt(2))).toThrow(DatabaseDamagedError);
    expect(() => window.countsAfter(hashAt(2))).toThrow(toHex(hashAt(0)));
  });

  it("needs no block below its window", () => {
    const headers = headersOf(["00".repeat(20), "11".repeat(20), "22".repeat(20)]);
    headers.delete(toHex(hashAt(0)));
    const window = new CoinbaseWindow(3, (hash) => headers.get(toHex(hash)));
    expect(window.countsAfter(hashAt(2)).size).toBe(2);
  });
});
