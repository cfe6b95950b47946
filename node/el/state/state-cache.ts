import { type Address, bytesKey, type Hash32 } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { WarmNodes } from "../trie/warm-nodes.ts";

/** Some 3 MB. */
const MAX_TRIE_KEYS = 16_384;
const CODE_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * What states over one NodeStore share from block to block: decoded trie nodes and contract code. It holds nothing
 * that the store does not hold, so it may be dropped at any time, and it must not be shared between stores.
 */
export class StateCache {
  readonly nodes: WarmNodes;
  readonly #codes = new Map<string, Uint8Array>();
  readonly #trieKeys = new Map<string, Hash32>();
  #codeBytes = 0;

  /** `nodeLimitBytes`: memory for trie nodes. */
  constructor(nodeLimitBytes?: number) {
    this.nodes = new WarmNodes(nodeLimitBytes);
  }

  /** keccak-256 of an address, `key` being its bytesKey: a coinbase and busy senders come back every block. */
  trieKey(address: Address, key: string): Hash32 {
    const known = this.#trieKeys.get(key);
    if (known !== undefined) return known;
    const hash = keccak256(address);
    if (this.#trieKeys.size >= MAX_TRIE_KEYS) this.#trieKeys.clear();
    this.#trieKeys.set(key, hash);
    return hash;
  }

  /** The same array each time, so that what is derived from code can be kept by it. */
  code(hash: Hash32): Uint8Array | undefined {
    return this.#codes.get(bytesKey(hash));
  }

  keepCode(hash: Hash32, code: Uint8Array): void {
    this.#codeBytes += code.length;
    if (this.#codeBytes > CODE_LIMIT_BYTES) {
      this.#codes.clear();
      this.#codeBytes = code.length;
    }
    this.#codes.set(bytesKey(hash), code);
  }
}
