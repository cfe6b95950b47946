import type { Block } from "./block.ts";

/** Rough cost of the objects around a block's bytes. */
const OVERHEAD_BYTES = 256;

export interface CacheSlot {
  block: Block;
  /** The block's checksum was right, so readers that insist on it may use the block. */
  verified: boolean;
  referenced: boolean;
  readonly owner: BlockOwner;
  readonly offset: number;
}

/** The cached blocks of one file, by their offset. */
export type BlockOwner = Map<number, CacheSlot>;

/**
 * Decompressed blocks of all tables of one store, within a limit of bytes. Eviction is CLOCK: a block that was used
 * again since the hand last passed stays, so blocks that a scan touches once leave first.
 */
export class BlockCache {
  readonly #limit: number;
  readonly #ring: CacheSlot[] = [];
  #hand = 0;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  get(owner: BlockOwner, offset: number): CacheSlot | undefined {
    const slot = owner.get(offset);
    if (slot !== undefined) slot.referenced = true;
    return slot;
  }

  /** Keeps a block, replacing an unverified copy of it. Blocks larger than the whole cache are not kept. */
  put(owner: BlockOwner, offset: number, block: Block, verified: boolean): void {
    const cost = costOf(block);
    const old = owner.get(offset);
    if (old !== undefined) {
      this.#bytes += cost - costOf(old.block);
      old.block = block;
      old.verified = verified;
      return;
    }
    if (cost > this.#limit) return;
    while (this.#bytes + cost > this.#limit) this.#evictOne();
    const slot: CacheSlot = { block, verified, referenced: false, owner, offset };
    owner.set(offset, slot);
    this.#ring.push(slot);
    this.#bytes += cost;
  }

  clear(): void {
    for (const slot of this.#ring) slot.owner.delete(slot.offset);
    this.#ring.length = 0;
    this.#bytes = 0;
    this.#hand = 0;
  }

  #evictOne(): void {
    for (;;) {
      if (this.#hand >= this.#ring.length) this.#hand = 0;
      const slot = this.#ring[this.#hand];
      if (!slot.referenced) {
        this.#remove(this.#hand);
        return;
      }
      slot.referenced = false;
      this.#hand++;
    }
  }

  /** Takes a slot out; the last one of the ring moves to its place. */
  #remove(index: number): void {
    const slot = this.#ring[index];
    const last = this.#ring.pop() as CacheSlot;
    if (last !== slot) this.#ring[index] = last;
    slot.owner.delete(slot.offset);
    this.#bytes -= costOf(slot.block);
  }
}

function costOf(block: Block): number {
  return block.bytes.length + OVERHEAD_BYTES;
}
