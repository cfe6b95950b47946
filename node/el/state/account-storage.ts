import type { Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import { Trie } from "../trie/trie.ts";
import type { WarmNodes } from "../trie/warm-nodes.ts";
import type { NodeStore } from "./node-store.ts";
import { readNumber, writeNumber } from "./number-trie.ts";

/** One storage slot during a block. */
export interface StorageSlot {
  value: bigint;
  /** Whether it was ever set; slots that were only read need no commit. */
  isWritten: boolean;
}

/** Contract storage: slots used in this block in front of a storage trie. */
export class AccountStorage {
  readonly #trie: Trie;
  readonly #slots = new Map<bigint, StorageSlot>();

  constructor(store: NodeStore, nodes: WarmNodes, root: Hash32) {
    this.#trie = new Trie(store, root, nodes);
  }

  /** Slots used so far. */
  get slots(): ReadonlyMap<bigint, Readonly<StorageSlot>> {
    return this.#slots;
  }

  /** Whether there is storage from before the block. */
  get hasTrie(): boolean {
    return this.#trie.rootHash !== EMPTY_TRIE_ROOT;
  }

  slot(key: bigint): StorageSlot {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const value = this.#trie.rootHash === EMPTY_TRIE_ROOT ? 0n : readNumber(this.#trie, key);
    const slot = { value, isWritten: false };
    this.#slots.set(key, slot);
    return slot;
  }

  /** Writes the storage trie and returns its root. */
  commit(): Hash32 {
    for (const [key, slot] of this.#slots) if (slot.isWritten) writeNumber(this.#trie, key, slot.value);
    return this.#trie.commit();
  }
}
