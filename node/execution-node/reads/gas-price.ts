import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";

/** Settings of pyquarkchain's GasPriceSuggestionOracle (cluster/shard_state.py). */
const BLOCKS = 5;
const PERCENTILE = 50;
const FIRST_HEIGHT = 3;

/**
 * The median price of the newest blocks' transactions that pay their gas in a token (pyquarkchain shard_state.py
 * gas_price), `otherwise` where there is none. It may exceed 64 bits.
 */
export function medianGasPrice(
  tipHeight: number,
  transactionsAt: (height: number) => readonly TypedTransaction[],
  tokenId: bigint,
  otherwise: bigint,
): bigint {
  const prices: bigint[] = [];
  for (let height = Math.max(FIRST_HEIGHT, tipHeight - BLOCKS + 1); height <= tipHeight; height++) {
    for (const { rlp } of transactionsAt(height)) {
      const { gasTokenId, gasPrice } = decodeEvmTransaction(rlp);
      if (gasTokenId === tokenId) prices.push(gasPrice);
    }
  }
  if (prices.length === 0) return otherwise;
  prices.sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
  return prices[Math.floor(((prices.length - 1) * PERCENTILE) / 100)];
}
