import { epochOf } from "./epoch.ts";
import { type EthashCache, ethashCacheOver, fillEthashCache } from "./ethash.ts";
import { cacheBytes } from "./ethash-size.ts";

/** What threads pass to each other (structured clone, workerData) to use one pool together. */
export interface SharedEthashCaches {
  /** Who holds the lock, what each slot holds and who uses it. */
  readonly directory: SharedArrayBuffer;
  readonly slots: readonly SharedArrayBuffer[];
}

/**
 * A bounded number of Ethash caches, least recently used out first, that all threads of the process fill and read together.
 *
 * A mainnet cache has 100 MB and takes seconds. Where a thread works there is one live epoch of the root chain and one or
 * two of the shards; with fewer slots than live epochs, caches are computed again and again.
 *
 * A thread that finds no slot computes a cache of its own: slower and larger, never wrong and never stuck.
 */
export class EthashCachePool {
  readonly shared: SharedEthashCaches;
  readonly #patienceMs: number;
  readonly #directory: Int32Array;
  /** This thread's view of each slot; it counts only while its epoch is the slot's. */
  readonly #views: (EthashCache | undefined)[];
  #ownCache: EthashCache | undefined;

  /**
   * This thread's access to `shared`. A cache that another thread has not filled within `patienceMs` is given up: the thread
   * may have been ended over it.
   */
  constructor(shared: SharedEthashCaches, patienceMs = 30_000) {
    this.shared = shared;
    this.#patienceMs = patienceMs;
    this.#directory = new Int32Array(shared.directory);
    this.#views = shared.slots.map(() => undefined);
  }

  /** Calls `body` with the cache of `epoch`, which stays in place until it returns. */
  use<Result>(epoch: number, body: (cache: EthashCache) => Result): Result {
    const slot = this.#lease(epoch);
    if (slot === undefined) return body(this.#cacheOfOurOwn(epoch));
    try {
      return body(this.#view(slot, epoch));
    } finally {
      Atomics.sub(this.#directory, wordOf(slot, READERS), 1);
    }
  }

  /** The slot that holds `epoch`, one reader added; undefined when there is none to be had. */
  #lease(epoch: number): number | undefined {
    for (;;) {
      const claim = this.#locked(() => this.#claim(epoch));
      if (claim === undefined || claim.action === "none") return undefined;
      if (claim.action === "read") return claim.slot;
      if (claim.action === "fill") {
        this.#fill(claim.slot, epoch);
        return claim.slot;
      }
      this.#waitFor(claim.slot, epoch);
    }
  }

  /** Decides, under the lock, what this thread does to get `epoch`. */
  #claim(epoch: number): Claim {
    const directory = this.#directory;
    const slots = this.shared.slots.map((_, slot) => slot);
    const present = slots.find((slot) => Atomics.load(directory, wordOf(slot, CONTENT)) === contentOf(epoch));
    if (present !== undefined && this.#isBeingFilled(present)) return { action: "wait", slot: present };
    const slot = present ?? this.#leastRecentlyUsed(slots.filter((slot) => this.#canHold(slot, epoch)));
    if (slot === undefined) return { action: "none" };

    Atomics.add(directory, wordOf(slot, READERS), 1);
    directory[wordOf(slot, LAST_USE)] = ++directory[CLOCK];
    if (present !== undefined) return { action: "read", slot };
    Atomics.store(directory, wordOf(slot, FILLING), 1);
    Atomics.store(directory, wordOf(slot, CONTENT), contentOf(epoch));
    return { action: "fill", slot };
  }

  #canHold(slot: number, epoch: number): boolean {
    return (
      !this.#isBeingFilled(slot) &&
      Atomics.load(this.#directory, wordOf(slot, READERS)) === 0 &&
      this.shared.slots[slot].byteLength >= cacheBytes(epoch)
    );
  }

  #isBeingFilled(slot: number): boolean {
    return Atomics.load(this.#directory, wordOf(slot, FILLING)) === 1;
  }

  #leastRecentlyUsed(slots: readonly number[]): number | undefined {
    const lastUse = (slot: number): number => this.#directory[wordOf(slot, LAST_USE)];
    return slots.reduce<number | undefined>(
      (oldest, slot) => (oldest === undefined || lastUse(slot) < lastUse(oldest) ? slot : oldest),
      undefined,
    );
  }

  #fill(slot: number, epoch: number): void {
    fillEthashCache(epoch, wordsIn(this.shared.slots[slot], epoch));
    Atomics.store(this.#directory, wordOf(slot, FILLING), 0);
    Atomics.notify(this.#directory, wordOf(slot, FILLING));
  }

  /** Gives the slot up when its filling takes too long: without its epoch nobody finds it any more. */
  #waitFor(slot: number, epoch: number): void {
    const outcome = Atomics.wait(this.#directory, wordOf(slot, FILLING), 1, this.#patienceMs);
    if (outcome === "timed-out") Atomics.compareExchange(this.#directory, wordOf(slot, CONTENT), contentOf(epoch), 0);
  }

  #view(slot: number, epoch: number): EthashCache {
    const known = this.#views[slot];
    if (known?.epoch === epoch) return known;
    const view = ethashCacheOver(epoch, wordsIn(this.shared.slots[slot], epoch));
    this.#views[slot] = view;
    return view;
  }

  #cacheOfOurOwn(epoch: number): EthashCache {
    if (this.#ownCache?.epoch !== epoch) {
      const words = new Int32Array(cacheBytes(epoch) / 4);
      fillEthashCache(epoch, words);
      this.#ownCache = ethashCacheOver(epoch, words);
    }
    return this.#ownCache;
  }

  /** Runs `section` alone among all threads; undefined, and not run, when the lock is never released. */
  #locked<Result>(section: () => Result): Result | undefined {
    while (Atomics.compareExchange(this.#directory, LOCK, 0, 1) !== 0) {
      if (Atomics.wait(this.#directory, LOCK, 1, LOCK_TIMEOUT_MS) === "timed-out") return undefined;
    }
    try {
      return section();
    } finally {
      Atomics.store(this.#directory, LOCK, 0);
      Atomics.notify(this.#directory, LOCK, 1);
    }
  }
}

/**
 * Room for `slotCount` caches, each for any block up to `highestHeight` on any of the Ethash chains. Reserves address space
 * only: memory is taken up when a cache is filled.
 */
export function createSharedEthashCaches(slotCount: number, highestHeight: number): SharedEthashCaches {
  const bytes = cacheBytes(epochOf(highestHeight));
  return {
    directory: new SharedArrayBuffer(4 * wordOf(slotCount, 0)),
    slots: Array.from({ length: slotCount }, () => new SharedArrayBuffer(bytes)),
  };
}

type Claim = { readonly action: "none" } | { readonly action: "read" | "fill" | "wait"; readonly slot: number };

const LOCK_TIMEOUT_MS = 10_000;

// Words of the directory.
const LOCK = 0;
const CLOCK = 1;
const FIRST_SLOT = 2;
// Words of a slot in it.
const SLOT_WORDS = 4;
const FILLING = 0;
const CONTENT = 1;
const READERS = 2;
const LAST_USE = 3;

/** What stands in a slot's CONTENT word; 0 is no epoch. */
function contentOf(epoch: number): number {
  return epoch + 1;
}

function wordOf(slot: number, field: number): number {
  return FIRST_SLOT + slot * SLOT_WORDS + field;
}

function wordsIn(buffer: SharedArrayBuffer, epoch: number): Int32Array {
  return new Int32Array(buffer, 0, cacheBytes(epoch) / 4);
}
