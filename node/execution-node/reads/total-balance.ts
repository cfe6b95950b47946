import type { Hash32 } from "../../codec/bytes.ts";
import { compareBytes } from "../../codec/bytes.ts";
import { decodeAccount } from "../../el/state/account.ts";
import type { NodeStore } from "../../el/state/node-store.ts";
import { StateCache } from "../../el/state/state-cache.ts";
import { TokenHoldings } from "../../el/state/token-holdings.ts";
import { trieLeaves } from "../../el/trie/trie-leaves.ts";
import { Turns } from "../../engine/json-rpc/turns.ts";

const END = new Uint8Array(32);
/** Accounts of one page, whatever is asked for. */
const MOST_ACCOUNTS = 1_000_000;

export interface BalancePage {
  readonly total: bigint;
  /** keccak-256 of the page's last address; 32 zero bytes where the state ends. */
  readonly next: Uint8Array;
}

/**
 * What accounts hold of a token, in the order of their hashed addresses, the first `limit` behind `start` (pyquarkchain
 * shard_state.py get_total_balance). The page that reads the last account does not end the state: an empty one does.
 * Gives way to other work; throws what `signal` says once nobody waits any more.
 */
export async function totalBalancePage(
  nodes: NodeStore,
  stateRoot: Hash32,
  { tokenId, limit, start = END }: { readonly tokenId: bigint; readonly limit: number; readonly start?: Uint8Array },
  signal: AbortSignal,
): Promise<BalancePage> {
  const cache = new StateCache();
  const turns = new Turns();
  const most = Math.min(limit, MOST_ACCOUNTS);
  let next = start;
  let total = 0n;
  let count = 0;
  if (most <= 0) return { total, next };
  for (const { key, value } of trieLeaves(nodes, stateRoot, start)) {
    if (compareBytes(key, start) <= 0) continue;
    await turns.pause();
    signal.throwIfAborted();
    const { tokenBalances } = decodeAccount(value);
    total += new TokenHoldings(nodes, cache.nodes, tokenBalances).balance(tokenId);
    next = key;
    count++;
    if (count === most) return { total, next };
  }
  return { total, next: END };
}
