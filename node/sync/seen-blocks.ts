import { bytesKey, type Hash32 } from "../codec/bytes.ts";

/** Seconds until a block that could not be added is looked at again (P13: pyquarkchain never does). */
const FORGOTTEN_AFTER = 60;
/** More than are pushed in that time. */
const MOST_FAILED = 1024;

/** Blocks that are being added, and those that lately could not be: neither is handed on or added a second time. */
export class SeenBlocks {
  /** Seconds. */
  readonly #clock: () => number;
  readonly #adding = new Set<string>();
  /** When they failed, the oldest first. */
  readonly #failed = new Map<string, number>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  has(hash: Hash32): boolean {
    const key = bytesKey(hash);
    this.#forget();
    return this.#adding.has(key) || this.#failed.has(key);
  }

  /**
   * The block is seen from now on, at once; after `add` only if it was not added. One that throws is forgotten: it says
   * that the block was never believed.
   */
  async whileAdding(hash: Hash32, add: () => Promise<boolean>): Promise<boolean> {
    const key = bytesKey(hash);
    this.#adding.add(key);
    try {
      const isAdded = await add();
      if (!isAdded) this.#remember(key);
      return isAdded;
    } finally {
      this.#adding.delete(key);
    }
  }

  #remember(key: string): void {
    this.#failed.delete(key);
    this.#failed.set(key, this.#clock());
    if (this.#failed.size > MOST_FAILED) this.#failed.delete(this.#failed.keys().next().value as string);
  }

  #forget(): void {
    const oldest = this.#clock() - FORGOTTEN_AFTER;
    for (const [key, failedAt] of this.#failed) {
      if (failedAt > oldest) return;
      this.#failed.delete(key);
    }
  }
}
