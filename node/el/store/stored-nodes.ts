import { bytesEqual, bytesKey, type Hash32, toHex } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import { keccak256 } from "../../codec/keccak.ts";
import type { NodeStore } from "../state/node-store.ts";
import type { ExecutionBase } from "./execution-base.ts";
import type { GroupCommit } from "./group-commit.ts";
import { hashRowKey, ROW } from "./store-keys.ts";

/** Estimated overhead of one map entry, so that the limit means memory and not only payload. */
const ENTRY_OVERHEAD_BYTES = 120;

/**
 * Trie nodes and code of the store. Rows are proved by their keccak when they come from the disk and kept in two
 * generations: when the young one is full it becomes the old one and the former old one is dropped.
 */
export class StoredNodes {
  readonly #rows: GroupCommit;
  readonly #cacheBytes: number;
  readonly #base: Pick<ExecutionBase, "node"> | undefined;
  #young = new Map<string, Uint8Array>();
  #old = new Map<string, Uint8Array>();
  #youngBytes = 0;

  /** `base`: for what the rows lack. */
  constructor(rows: GroupCommit, cacheBytes: number, base?: Pick<ExecutionBase, "node">) {
    this.#rows = rows;
    this.#cacheBytes = cacheBytes;
    this.#base = base;
  }

  get(hash: Hash32): Uint8Array {
    const name = bytesKey(hash);
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const value = this.#old.get(name) ?? this.#readProved(hash);
    this.#keep(name, value);
    return value;
  }

  has(hash: Hash32): boolean {
    const name = bytesKey(hash);
    return this.#young.has(name) || this.#old.has(name) || this.#row(hash) !== undefined;
  }

  /** A layer for one execution: what it puts stays there until somebody commits it. */
  layer(): NodeLayer {
    return new NodeLayer(this);
  }

  /** Makes rows that are being committed quick to read. */
  keepAll({ produced }: NodeLayer): void {
    for (const [name, { value }] of produced) this.#keep(name, value);
  }

  /** A row that will not be needed again soon. */
  getOnce(hash: Hash32): Uint8Array {
    const name = bytesKey(hash);
    return this.#young.get(name) ?? this.#old.get(name) ?? this.#readProved(hash);
  }

  /** Rows were taken away: none of them may be answered from memory. */
  forget(hashes: readonly Hash32[]): void {
    for (const hash of hashes) {
      const name = bytesKey(hash);
      this.#young.delete(name);
      this.#old.delete(name);
    }
  }

  #readProved(hash: Hash32): Uint8Array {
    const value = this.#row(hash);
    if (value === undefined) {
      throw new DatabaseDamagedError("missing row: the data directory lacks a trie node or code", { key: toHex(hash) });
    }
    if (!bytesEqual(keccak256(value), hash)) {
      throw new DatabaseDamagedError(
        "altered row: a trie node or code in the data directory does not hash to its key",
        {
          key: toHex(hash),
        },
      );
    }
    return value;
  }

  #row(hash: Hash32): Uint8Array | undefined {
    return this.#rows.get(hashRowKey(ROW.node, hash)) ?? this.#base?.node(hash);
  }

  #keep(name: string, value: Uint8Array): void {
    this.#young.set(name, value);
    this.#youngBytes += value.length + ENTRY_OVERHEAD_BYTES;
    if (this.#youngBytes < this.#cacheBytes / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}

interface ProducedRow {
  readonly hash: Hash32;
  readonly value: Uint8Array;
}

/** Rows that one execution produced, over those of the store. */
export class NodeLayer implements NodeStore {
  /** By bytesKey(hash). */
  readonly produced = new Map<string, ProducedRow>();
  readonly #below: StoredNodes;

  constructor(below: StoredNodes) {
    this.#below = below;
  }

  get(hash: Hash32): Uint8Array {
    return this.produced.get(bytesKey(hash))?.value ?? this.#below.get(hash);
  }

  put(hash: Hash32, value: Uint8Array): void {
    this.produced.set(bytesKey(hash), { hash, value });
  }
}
