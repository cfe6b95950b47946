import type { GenesisAccount } from "../chain/config.ts";
import type { Hash32 } from "../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../codec/keccak.ts";
import type { NodeStore } from "./state/node-store.ts";
import { WorldState } from "./state/world-state.ts";

/**
 * Writes a shard's genesis accounts into `store` and returns the state root (quarkchain/genesis.py
 * create_minor_block). Each account is born with the shard key of its own address; code makes its nonce 1.
 */
export function buildGenesisState(store: NodeStore, accounts: readonly GenesisAccount[]): Hash32 {
  const state = new WorldState(store, EMPTY_TRIE_ROOT);
  for (const { address, fullShardKey, code, storage, balances } of accounts) {
    state.fullShardKey = fullShardKey;
    if (code !== undefined) {
      state.setCode(address, code);
      state.setNonce(address, 1n);
    }
    for (const [slot, value] of storage) state.setStorage(address, slot, value);
    for (const [tokenId, amount] of balances) state.addBalance(address, tokenId, amount);
  }
  return state.commit();
}
