import { EMPTY_BYTES, type Hash32 } from "../../codec/bytes.ts";
import { KECCAK_EMPTY } from "../../codec/keccak.ts";
import type { NodeStore } from "../../el/state/node-store.ts";
import { readNumber } from "../../el/state/number-trie.ts";
import { readAccount } from "../../el/state/read-account.ts";
import { StateCache } from "../../el/state/state-cache.ts";
import { TokenHoldings } from "../../el/state/token-holdings.ts";
import type { UsedAccount } from "../../el/tracing/used-entries.ts";
import { Trie } from "../../el/trie/trie.ts";
import type { PreStateAccount } from "../../engine/tracing-engine.ts";

/** Reads single entries of one state. */
export class PreStateReader {
  readonly #store: NodeStore;
  readonly #stateRoot: Hash32;
  readonly #cache = new StateCache();

  constructor(store: NodeStore, stateRoot: Hash32) {
    this.#store = store;
    this.#stateRoot = stateRoot;
  }

  read({ address, tokens, slots, code }: UsedAccount): PreStateAccount {
    const account = readAccount(this.#store, this.#stateRoot, address, this.#cache);
    if (account === undefined) {
      return {
        address,
        exists: false,
        nonce: 0n,
        fullShardKey: 0,
        balances: zeros(tokens),
        codeHash: KECCAK_EMPTY,
        code: code ? EMPTY_BYTES : null,
        storage: zeros(slots),
      };
    }
    const { nonce, fullShardKey, codeHash } = account;
    const holdings = new TokenHoldings(this.#store, this.#cache.nodes, account.tokenBalances);
    const storage = new Trie(this.#store, account.storageRoot, this.#cache.nodes);
    return {
      address,
      exists: true,
      nonce,
      fullShardKey,
      balances: valuesOf(tokens, (tokenId) => holdings.balance(tokenId)),
      codeHash,
      code: code ? this.#codeOf(codeHash) : null,
      storage: valuesOf(slots, (slot) => readNumber(storage, slot)),
    };
  }

  #codeOf(codeHash: Hash32): Uint8Array {
    return codeHash === KECCAK_EMPTY ? EMPTY_BYTES : this.#store.get(codeHash);
  }
}

function zeros(keys: ReadonlySet<bigint>): ReadonlyMap<bigint, bigint> {
  return valuesOf(keys, () => 0n);
}

function valuesOf(keys: ReadonlySet<bigint>, read: (key: bigint) => bigint): ReadonlyMap<bigint, bigint> {
  return new Map([...keys].map((key) => [key, read(key)]));
}
