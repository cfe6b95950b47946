import type { Address, Hash32 } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { Trie } from "../trie/trie.ts";
import { type Account, decodeAccount, unreadableAccount } from "./account.ts";
import type { NodeStore } from "./node-store.ts";
import { StateCache } from "./state-cache.ts";
import { TokenHoldings } from "./token-holdings.ts";

/** The account under a state root, undefined when there is none. */
export function readAccount(
  store: NodeStore,
  stateRoot: Hash32,
  address: Address,
  cache: StateCache = new StateCache(),
): Account | undefined {
  const stored = new Trie(store, stateRoot, cache.nodes).get(keccak256(address));
  if (stored === undefined) return undefined;
  try {
    return decodeAccount(stored);
  } catch (error) {
    throw unreadableAccount(address, error);
  }
}

/** Balance of one token under a state root; zero for an absent account. */
export function balanceAt(
  store: NodeStore,
  stateRoot: Hash32,
  address: Address,
  tokenId: bigint,
  cache: StateCache = new StateCache(),
): bigint {
  const account = readAccount(store, stateRoot, address, cache);
  if (account === undefined) return 0n;
  return new TokenHoldings(store, cache.nodes, account.tokenBalances).balance(tokenId);
}
