import { ZERO_HASH } from "../codec/bytes.ts";
import type { CrossShardDeposit } from "./deposit.ts";
import type { EvmTransaction } from "./evm-transaction.ts";

/** Of tests that need no other network and shard. */
const DEVNET_ID = 255n;
const QKC = 35760n;
const SHARD_KEY = 1;

/** A transaction on the development network that brings no value and no data and costs nothing, and is not signed. */
export function plainTransaction(change: Partial<EvmTransaction> & Pick<EvmTransaction, "to">): EvmTransaction {
  return {
    nonce: 0n,
    gasPrice: 0n,
    startGas: 100_000n,
    value: 0n,
    data: new Uint8Array(0),
    networkId: DEVNET_ID,
    fromFullShardKey: SHARD_KEY,
    toFullShardKey: SHARD_KEY,
    gasTokenId: QKC,
    transferTokenId: QKC,
    version: 0n,
    v: 0n,
    r: 0n,
    s: 0n,
    ...change,
  };
}

/** A deposit that brings no value, no data and no gas. */
export function plainDeposit(
  change: Partial<CrossShardDeposit> & Pick<CrossShardDeposit, "from" | "to">,
): CrossShardDeposit {
  return {
    txHash: ZERO_HASH,
    value: 0n,
    gasPrice: 0n,
    gasTokenId: QKC,
    transferTokenId: QKC,
    gasRemained: 0n,
    messageData: new Uint8Array(0),
    createContract: false,
    isFromRootChain: false,
    refundRate: 100,
    ...change,
  };
}
