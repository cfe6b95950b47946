import { type MinorBlock, minorMiningHash } from "../chain/minor-block.ts";
import { bytesEqual, bytesKey, type Hash32 } from "../codec/bytes.ts";
import { RecentByHash, RecentMap } from "../codec/recent-map.ts";
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
  readonly #current = new RecentMap<string, Hash32>(MOST_WORKS);
  readonly #works = new RecentByHash<MinorBlock>(MOST_WORKS);

  constructor(chain: WorkChain) {
    this.#chain = chain;
  }

  /** The same for a coinbase until the tip moves or the template is ten seconds old. A new root block changes nothing. */
  async work(coinbase: QkcAddress): Promise<Work> {
    const key = `${bytesKey(coinbase.recipient)}/${coinbase.fullShardKey}`;
    const known = this.#current.use(key);
    const block = known && this.#works.use(known);
    if (known !== undefined && block !== undefined && this.#isFresh(block)) return { hash: known, block };
    const made = await this.#chain.template(coinbase);
    const hash = minorMiningHash(made.header);
    this.#current.set(key, hash);
    this.#works.set(hash, made);
    return { hash, block: made };
  }

  /**
   * False for work that nobody was given, whose parent is not the tip any more, or whose seal is refused; only the last
   * can be tried again. Other than pyquarkchain, true only where the block was added.
   */
  async submit(hash: Hash32, { nonce, mixhash }: Seal): Promise<boolean> {
    const block = this.#works.use(hash);
    if (block === undefined) return false;
    if (!this.#isOnTip(block)) {
      this.#works.delete(hash);
      return false;
    }
    try {
      const isAdded = await this.#chain.add({ ...block, header: { ...block.header, nonce, mixhash } });
      if (isAdded) this.#works.delete(hash);
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
