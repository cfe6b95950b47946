import { type MinorBlock, minorMiningHash } from "../chain/minor-block.ts";
import { bytesEqual, bytesKey, type Hash32 } from "../codec/bytes.ts";
import type { QkcAddress } from "../codec/wire.ts";

/** pyquarkchain cluster/miner.py: entries of each of the two caches. */
const MOST_WORKS = 128;
/** Seconds after which a template is made anew. */
const STALE_AFTER = 10;

/** What a miner works on. The difficulty is the header's: whoever answers adjusts it for the coinbase's stake. */
export interface Work {
  /** What the seal covers. */
  readonly hash: Hash32;
  readonly block: MinorBlock;
}

export interface Seal {
  readonly nonce: bigint;
  readonly mixhash: Hash32;
}

export interface WorkChain {
  tipHash(): Hash32;
  /** A template on the tip, not sealed. */
  template(coinbase: QkcAddress): Promise<MinorBlock>;
  /** Checks the seal and adds the block; throws where it is refused, false where the block was not added. */
  add(block: MinorBlock): Promise<boolean>;
  /** Seconds since 1970. */
  now(): number;
}

/** Templates that remote miners work on (pyquarkchain cluster/miner.py get_work, submit_work). */
export class WorkCache {
  readonly #chain: WorkChain;
  /** By coinbase, the hash of what it works on. */
  readonly #current = new RecentlyUsed<Hash32>(MOST_WORKS);
  readonly #works = new RecentlyUsed<MinorBlock>(MOST_WORKS);

  constructor(chain: WorkChain) {
    this.#chain = chain;
  }

  /** The same for a coinbase until the tip moves or the template is ten seconds old. A new root block changes nothing. */
  async work(coinbase: QkcAddress): Promise<Work> {
    const key = `${bytesKey(coinbase.recipient)}/${coinbase.fullShardKey}`;
    const known = this.#current.get(key);
    const block = known && this.#works.get(bytesKey(known));
    if (known !== undefined && block !== undefined && this.#isFresh(block)) return { hash: known, block };
    const made = await this.#chain.template(coinbase);
    const hash = minorMiningHash(made.header);
    this.#current.set(key, hash);
    this.#works.set(bytesKey(hash), made);
    return { hash, block: made };
  }

  /**
   * False for work that nobody was given, whose parent is not the tip any more, or whose seal is refused; only the last
   * can be tried again. Other than pyquarkchain, true only where the block was added.
   */
  async submit(hash: Hash32, { nonce, mixhash }: Seal): Promise<boolean> {
    const key = bytesKey(hash);
    const block = this.#works.get(key);
    if (block === undefined) return false;
    if (!this.#isOnTip(block)) {
      this.#works.delete(key);
      return false;
    }
    try {
      const isAdded = await this.#chain.add({ ...block, header: { ...block.header, nonce, mixhash } });
      if (isAdded) this.#works.delete(key);
      return isAdded;
    } catch {
      // Whoever adds says in the log what was wrong with it.
      return false;
    }
  }

  #isFresh(block: MinorBlock): boolean {
    return this.#isOnTip(block) && this.#chain.now() - block.header.createTime <= STALE_AFTER;
  }

  #isOnTip({ header }: MinorBlock): boolean {
    return bytesEqual(header.prevMinorBlockHash, this.#chain.tipHash());
  }
}

/** A map of bounded size that forgets what was used longest ago. */
class RecentlyUsed<V> {
  readonly #most: number;
  readonly #values = new Map<string, V>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) this.#touch(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#touch(key, value);
    const oldest = this.#values.keys().next();
    if (this.#values.size > this.#most && oldest.done !== true) this.#values.delete(oldest.value);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  #touch(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
  }
}
