import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import type { ChainView } from "../chain-view.ts";
import { LEAST_GAS_PRICE } from "../mempool/transaction-pool.ts";

/** Settings of pyquarkchain's GasPriceSuggestionOracle (shard_state.py, config.py MIN_TX_POOL_GAS_PRICE). */
const BLOCKS = 5;
const PERCENTILE = 50;
const FIRST_HEIGHT = 3;

/** The median price of the transactions in the newest blocks that pay their gas in the token (shard_state.py gas_price). */
export function suggestedGasPrice(chain: ChainView, tokenId: bigint): bigint {
  const head = chain.node.headBlock()?.block.header.height ?? -1;
  const prices: bigint[] = [];
  for (let number = Math.max(FIRST_HEIGHT, head - BLOCKS + 1); number <= head; number++) {
    for (const { rlp } of chain.get({ number }).block.transactions) {
      const { gasTokenId, gasPrice } = decodeEvmTransaction(rlp);
      if (gasTokenId === tokenId) prices.push(gasPrice);
    }
  }
  if (prices.length === 0) return LEAST_GAS_PRICE;
  prices.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return prices[Math.floor(((prices.length - 1) * PERCENTILE) / 100)];
}
