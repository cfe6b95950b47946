import type { KeyValueReader } from "../archive/key-value-reader.ts";
import { bytesEqual, bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { keccak256 } from "../codec/keccak.ts";
import type { NodeStore } from "./state/node-store.ts";

export interface ArchivedNodesOptions {
  /** Database folder, for messages. */
  readonly name: string;
  /** Bytes of rows kept in memory. */
  readonly cacheBytes: number;
  /** Compare every row that execution produces with the one the database holds. */
  readonly checkArchive?: boolean;
}

/** A row that execution produced and the database lacks or holds differently. */
export interface ArchiveFault {
  readonly hash: Hash32;
  readonly fault: "missing" | "altered";
}

interface ProducedRow {
  readonly hash: Hash32;
  readonly value: Uint8Array;
}

/** Rows of a few large blocks: more wait for nobody who drops them. */
const MAX_PRODUCED = 8192;

/** Estimated overhead of one map entry, so that the limit means memory and not only payload. */
const ENTRY_OVERHEAD_BYTES = 120;

/**
 * State rows of an existing database, read-only, with what execution produces laid over it in memory. Rows are proved
 * by their keccak once, when they come from the database, and kept in two generations: when the young one is full
 * it becomes the old one and the former old one is dropped, so rows in use survive.
 */
export class ArchivedNodes implements NodeStore {
  readonly #rows: KeyValueReader;
  readonly #options: ArchivedNodesOptions;
  #young = new Map<string, Uint8Array>();
  #old = new Map<string, Uint8Array>();
  #youngBytes = 0;
  /** What execution produced since the last look into the maps: most of it is never looked up, and dropped. */
  #produced: ProducedRow[] = [];
  /** A row that the database was seen to hold: states are asked for again by the block that follows. */
  #lastArchived: Hash32 | undefined;
  #faults: ArchiveFault[] = [];
  #held: Map<string, Uint8Array> | undefined;
  #heldByteCount = 0;

  constructor(rows: KeyValueReader, options: ArchivedNodesOptions) {
    this.#rows = rows;
    this.#options = options;
  }

  get(hash: Hash32): Uint8Array {
    const key = bytesKey(hash);
    if (this.#produced.length > 0) this.keepProduced();
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const value = this.#old.get(key) ?? this.#held?.get(key) ?? this.#readProved(hash);
    this.#keep(key, value);
    return value;
  }

  put(hash: Hash32, value: Uint8Array): void {
    if (this.#options.checkArchive) this.#compareWithArchive(hash, value);
    this.#produced.push({ hash, value });
    if (this.#produced.length > MAX_PRODUCED) this.keepProduced();
    if (this.#held !== undefined) this.#hold(bytesKey(hash), value);
  }

  /** Lets go of what execution produced since the last call: the database has a state that holds all of it. */
  dropProduced(): void {
    this.#produced = [];
  }

  /** Keeps what execution produced since the last call: the database may not have it. */
  keepProduced(): void {
    for (const { hash, value } of this.#produced) {
      const key = bytesKey(hash);
      if (!this.#young.has(key)) this.#keep(key, value);
    }
    this.#produced = [];
  }

  /** Whether the database itself holds a row. */
  isArchived(hash: Hash32): boolean {
    if (this.#lastArchived !== undefined && bytesEqual(this.#lastArchived, hash)) return true;
    const isThere = this.#rows.has(hash);
    if (isThere) this.#lastArchived = hash;
    return isThere;
  }

  /** From now on every row that execution produces stays until release(): the database may not have it. */
  holdProduced(): void {
    this.#held ??= new Map();
  }

  release(): void {
    this.#held = undefined;
    this.#heldByteCount = 0;
  }

  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /** Memory of the rows that are held. */
  get heldBytes(): number {
    return this.#heldByteCount;
  }

  /** Faults found since the last call; only with checkArchive. */
  takeFaults(): readonly ArchiveFault[] {
    const faults = this.#faults;
    this.#faults = [];
    return faults;
  }

  #readProved(hash: Hash32): Uint8Array {
    const value = this.#rows.getSelfProving(hash);
    if (value === undefined)
      throw this.#damaged("missing row", hash, "a trie node or code that the state names is absent");
    if (!bytesEqual(keccak256(value), hash)) {
      throw this.#damaged("altered row", hash, "the trie node or code stored there does not hash to its key");
    }
    return value;
  }

  #hold(key: string, value: Uint8Array): void {
    if (this.#held === undefined || this.#held.has(key)) return;
    this.#held.set(key, value);
    this.#heldByteCount += value.length + ENTRY_OVERHEAD_BYTES;
  }

  #keep(key: string, value: Uint8Array): void {
    this.#young.set(key, value);
    this.#youngBytes += value.length + ENTRY_OVERHEAD_BYTES;
    if (this.#youngBytes < this.#options.cacheBytes / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  #compareWithArchive(hash: Hash32, value: Uint8Array): void {
    const stored = this.#rows.getSelfProving(hash);
    if (stored === undefined) this.#faults.push({ hash, fault: "missing" });
    else if (!bytesEqual(stored, value)) this.#faults.push({ hash, fault: "altered" });
  }

  #damaged(kind: string, hash: Hash32, what: string): DatabaseDamagedError {
    return new DatabaseDamagedError(`${kind} in ${this.#options.name}: ${what}`, { key: toHex(hash) });
  }
}
