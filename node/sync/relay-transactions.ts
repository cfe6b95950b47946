import type { TypedTransaction } from "../chain/typed-transaction.ts";
import { PeerFaultError } from "./peer-fault.ts";
import type { SyncPeer } from "./sync-peer.ts";

/** quarkchain/constants.py NEW_TRANSACTION_LIST_LIMIT. */
const MOST_TRANSACTIONS = 1000;

export interface TransactionRelay {
  /** Offers one to the pool; whether it was taken. */
  readonly admit: (transaction: TypedTransaction) => boolean | Promise<boolean>;
  /** To all peers of the shard but one. */
  readonly broadcast: (transactions: readonly TypedTransaction[], except: SyncPeer | undefined) => void;
}

/**
 * Transactions of a peer, or of this node's own load test (undefined), go to the pool, and those it takes to the other peers
 * (shard.py add_tx_list). Throws PeerFaultError for a list that is too long; nothing of it is used.
 */
export async function relayTransactions(
  { admit, broadcast }: TransactionRelay,
  transactions: readonly TypedTransaction[],
  from: SyncPeer | undefined,
): Promise<void> {
  if (transactions.length > MOST_TRANSACTIONS) {
    throw new PeerFaultError(`${transactions.length} transactions in one list, at most ${MOST_TRANSACTIONS} may come`);
  }
  const taken: TypedTransaction[] = [];
  for (const transaction of transactions) if (await admit(transaction)) taken.push(transaction);
  if (taken.length > 0) broadcast(taken, from);
}
