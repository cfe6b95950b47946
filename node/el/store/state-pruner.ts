import { bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import type { ExecutionStore } from "./execution-store.ts";
import { HashSet } from "./hash-set.ts";
import { codeMark, markOf, type RowReference, referencesOf } from "./row-references.ts";

export interface PrunerOptions {
  /** A collection starts when so many rows were written since the last one, or as many as it left, if that is more. */
  readonly collectAfterRows: number;
  /** Rows that a collection looks at for each block, at least; more where blocks write more. */
  readonly rowsPerStep: number;
}

/** What a pruner did since it was made. */
export interface PrunerTotals {
  readonly collections: number;
  readonly deletedRows: number;
}

interface Collection {
  /** Tries that are marked already, with all below them or soon to be. */
  readonly marked: HashSet;
  readonly pending: RowReference[];
  /** Written since the collection began: never taken away by it. */
  readonly spared: HashSet;
  /** Where the sweep stands; undefined until it begins. */
  sweptTo: Hash32 | undefined;
}

const SWEEP_PAGE = 1024;
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * Takes away trie nodes and code that no state from a height on needs: marks what these states reach, then deletes the
 * rest, a little with each block. The height is on the disk before the first row goes, so that a process that dies in
 * between finds nothing missing that it still answers for; the next collection takes the rest away.
 */
export class StatePruner {
  readonly #store: ExecutionStore;
  readonly #options: PrunerOptions;
  #collection: Collection | undefined;
  #running = false;
  #writtenSince = 0;
  #liveRows = 0;
  #collections = 0;
  #deletedRows = 0;

  constructor(store: ExecutionStore, options: PrunerOptions) {
    this.#store = store;
    this.#options = options;
  }

  get totals(): PrunerTotals {
    return { collections: this.#collections, deletedRows: this.#deletedRows };
  }

  /** To be called with the rows of every block before they are committed. */
  spare(rows: Iterable<{ readonly hash: Hash32 }>): void {
    for (const { hash } of rows) {
      this.#writtenSince++;
      this.#collection?.spared.add(hash);
    }
  }

  /** Does its share of work. States of blocks below `boundary` may go. Throws what the store throws, and gives up then. */
  async step(boundary: number): Promise<void> {
    // Requests overlap; one at a time is enough.
    if (this.#running) return;
    this.#running = true;
    try {
      await this.#step(boundary);
    } catch (error) {
      // What it has not marked would pass for dead: only a collection from the beginning may delete again.
      this.#collection = undefined;
      throw error;
    } finally {
      this.#running = false;
    }
  }

  async #step(boundary: number): Promise<void> {
    if (this.#collection === undefined) {
      if (boundary <= this.#store.prunedBelow) return;
      if (this.#writtenSince < Math.max(this.#options.collectAfterRows, this.#liveRows)) return;
      this.#writtenSince = 0;
      this.#collection = await this.#begin(boundary);
    }
    const collection = this.#collection;
    let allowance = this.#options.rowsPerStep + 4 * this.#takeWritten();
    while (allowance > 0 && collection.pending.length > 0) {
      this.#markNext(collection);
      allowance--;
    }
    while (allowance > 0) {
      const wanted = Math.min(SWEEP_PAGE, allowance);
      const found = await this.#sweepPage(collection, wanted);
      allowance -= found;
      if (found < wanted) return this.#finish(collection);
    }
  }

  #takeWritten(): number {
    const written = this.#writtenSince;
    this.#writtenSince = 0;
    return written;
  }

  async #begin(boundary: number): Promise<Collection> {
    const collection: Collection = { marked: new HashSet(), pending: [], spared: new HashSet(), sweptTo: undefined };
    // Blocks that arrive while this waits for the disk have to be spared.
    this.#collection = collection;
    await this.#store.commitPrunedBelow(boundary);
    for (const { hash } of await this.#store.blocksBetween(boundary, NEVER)) {
      const { stateRoot } = this.#store.block(hash).meta;
      if (!bytesEqual(stateRoot, EMPTY_TRIE_ROOT)) collection.pending.push({ kind: "accounts", hash: stateRoot });
    }
    return collection;
  }

  #markNext(collection: Collection): void {
    const reference = collection.pending.pop();
    if (reference === undefined || !collection.marked.add(markOf(reference))) return;
    if (reference.kind === "code") return;
    collection.pending.push(...referencesOf(this.#store.nodes.getOnce(reference.hash), reference));
  }

  /** Returns how many rows it looked at. */
  async #sweepPage(collection: Collection, limit: number): Promise<number> {
    const hashes = await this.#store.nodeHashes(collection.sweptTo, limit);
    collection.sweptTo = hashes.at(-1);
    const dead = hashes.filter((hash) => !isLive(collection, hash));
    if (dead.length > 0) await this.#store.deleteNodes(dead);
    this.#deletedRows += dead.length;
    return hashes.length;
  }

  #finish(collection: Collection): void {
    this.#collection = undefined;
    this.#liveRows = collection.marked.size;
    this.#collections++;
  }
}

function isLive({ marked, spared }: Collection, hash: Hash32): boolean {
  return marked.has(hash) || marked.has(codeMark(hash)) || spared.has(hash);
}
