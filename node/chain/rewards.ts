import { ConfigError } from "../codec/errors.ts";
import type { QuarkChainConfig, ShardConfig } from "./config.ts";
import { multiplyFloor, oneMinus } from "./fraction.ts";
import type { MinorBlockHeader } from "./minor-block.ts";
import { addTokenBalance, type TokenBalances } from "./token-balances.ts";

/**
 * `value` decayed by the epochs that lie before `height`: one division at the end, not one each epoch
 * (shard_state.py __decay_by_epoch, root_state.py _calculate_root_block_coinbase).
 */
export function decayByEpoch(config: QuarkChainConfig, epochInterval: number, value: bigint, height: number): bigint {
  const epoch = BigInt(Math.floor(height / epochInterval));
  if (epoch === 0n) return value;
  const { numerator, denominator } = config.blockRewardDecayFactor;
  return (value * numerator ** epoch) / denominator ** epoch;
}

/** What a minor block's miner gets besides fees: only genesis token, after tax (shard_state.py get_coinbase_amount_map). */
export function minorBlockReward(config: QuarkChainConfig, shard: ShardConfig, height: number): TokenBalances {
  const reward = decayByEpoch(config, shard.epochInterval, shard.coinbaseAmount, height);
  return new Map([[config.genesisTokenId, multiplyFloor(reward, oneMinus(config.rewardTaxRate))]]);
}

/**
 * What a root block's miner gets: the decayed root reward and the tax on what the confirmed minor blocks paid their
 * miners (root_state.py _calculate_root_block_coinbase). As there, a token whose tax is rounded down to nothing keeps
 * an entry of 0. Throws ConfigError where there is no tax rate to compute with.
 */
export function rootBlockCoinbase(
  config: QuarkChainConfig,
  height: number,
  minorHeaders: readonly MinorBlockHeader[],
): TokenBalances {
  const tax = config.rewardTaxRate;
  const rest = oneMinus(tax);
  if (tax.numerator === 0n) throw new ConfigError("QUARKCHAIN.REWARD_TAX_RATE is 0: root block rewards are undefined");
  const paid = new Map<bigint, bigint>();
  for (const header of minorHeaders) {
    for (const [tokenId, amount] of header.coinbaseAmounts) addTokenBalance(paid, tokenId, amount);
  }
  if (rest.numerator === 0n && paid.size > 0) {
    throw new ConfigError("QUARKCHAIN.REWARD_TAX_RATE is 1: the tax on minor block rewards is undefined");
  }
  const amounts = new Map<bigint, bigint>();
  for (const [tokenId, amount] of paid) amounts.set(tokenId, (amount * tax.numerator) / rest.numerator);
  const reward = decayByEpoch(config, config.root.epochInterval, config.root.coinbaseAmount, height);
  addTokenBalance(amounts, config.genesisTokenId, reward);
  return amounts;
}
