import type { ChainView } from "../chain-view.ts";
import { LEAST_GAS_PRICE } from "../mempool/transaction-pool.ts";
import { medianGasPrice } from "../reads/gas-price.ts";

/** See medianGasPrice. */
export function suggestedGasPrice(chain: ChainView, tokenId: bigint): bigint {
  const head = chain.node.headBlock()?.block.header.height ?? -1;
  return medianGasPrice(head, (number) => chain.get({ number }).block.transactions, tokenId, LEAST_GAS_PRICE);
}
