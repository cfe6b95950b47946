import { describe, expect, it } from "vitest";
import type { QuarkChainConfig } from "./config.ts";
import { CONFIG_FILES, EXPECTED, readFixtureConfig } from "./expected-configs.testkit.ts";
import type { MinorBlockHeader } from "./minor-block.ts";
import { decayByEpoch, minorBlockReward, rootBlockCoinbase } from "./rewards.ts";

const { quarkchain: VARIED } = readFixtureConfig("varied.json");
const QKC = VARIED.genesisTokenId;

function withTax(numerator: bigint, denominator: bigint): QuarkChainConfig {
  return { ...VARIED, rewardTaxRate: { numerator, denominator } };
}

function paying(...amounts: readonly (readonly [bigint, bigint])[]): MinorBlockHeader {
  return { coinbaseAmounts: new Map(amounts) } as unknown as MinorBlockHeader;
}

describe("minorBlockReward", () => {
  it.each(CONFIG_FILES)("is pyquarkchain's at every height of %s (shard_state.py get_coinbase_amount_map)", (name) => {
    const config = readFixtureConfig(name).quarkchain;
    for (const { fullShardId, rewards } of EXPECTED.configs[name].shards) {
      const shard = config.shards.get(fullShardId)!;
      for (const [height, reward] of rewards) {
        expect(minorBlockReward(config, shard, height)).toEqual(new Map([[config.genesisTokenId, BigInt(reward)]]));
      }
    }
  });
});

describe("decayByEpoch", () => {
  it("divides once at the end, not once an epoch (shard_state.py __decay_by_epoch)", () => {
    const config = { ...VARIED, blockRewardDecayFactor: { numerator: 2n, denominator: 3n } };
    // 7 · 16 / 81 = 1.4; rounding each epoch would give 4, 2, 1, 0
    expect(decayByEpoch(config, 10, 7n, 40)).toBe(1n);
  });

  it("begins a new epoch at the interval itself", () => {
    expect(decayByEpoch(VARIED, 10, 25n, 9)).toBe(25n);
    expect(decayByEpoch(VARIED, 10, 25n, 10)).toBe(22n);
  });
});

describe("rootBlockCoinbase (root_state.py _calculate_root_block_coinbase)", () => {
  const reward = 156n * 10n ** 18n;

  it("is the root reward alone for a block without minor blocks", () => {
    expect(rootBlockCoinbase(VARIED, 1, [])).toEqual(new Map([[QKC, reward]]));
  });

  it("decays only the root reward", () => {
    const amounts = rootBlockCoinbase(withTax(1n, 2n), 7, [paying([QKC, 10n])]);
    expect(amounts.get(QKC)).toBe((reward * 22n) / 25n + 10n);
  });

  it("adds the tax on what the miners of minor blocks got after tax, per token over all blocks", () => {
    // tax 0.35: the miners' 65 % stand for 35 % of tax; 13 + 14 = 27 QKC of fees → 27 · 7 / 13 = 14.5
    const amounts = rootBlockCoinbase(VARIED, 1, [paying([QKC, 13n], [5n, 26n]), paying([QKC, 14n])]);
    expect(amounts).toEqual(
      new Map([
        [QKC, reward + 14n],
        [5n, 14n],
      ]),
    );
  });

  it("keeps an entry of 0 for a token whose tax is rounded down to nothing", () => {
    expect(rootBlockCoinbase(withTax(1n, 100n), 1, [paying([5n, 98n])]).get(5n)).toBe(0n);
    expect(rootBlockCoinbase(withTax(1n, 100n), 1, [paying([5n, 99n])]).get(5n)).toBe(1n);
  });

  it("has no answer without a tax, nor with nothing but tax", () => {
    expect(() => rootBlockCoinbase(withTax(0n, 1n), 1, [])).toThrow("REWARD_TAX_RATE is 0");
    expect(() => rootBlockCoinbase(withTax(1n, 1n), 1, [paying([QKC, 1n])])).toThrow("REWARD_TAX_RATE is 1");
    expect(rootBlockCoinbase(withTax(1n, 1n), 1, [])).toEqual(new Map([[QKC, reward]]));
  });
});
