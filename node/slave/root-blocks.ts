import { readRootBlockHeader } from "../chain/root-block.ts";
import type { Clock } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import { WireReader } from "../codec/wire.ts";
import { Mutex } from "../shard/mutex.ts";
import { RootHealing, type ShardObjection } from "./root-healing.ts";
import type { AddedRoot, LogLevel } from "./shard-api.ts";
import type { SlaveShards } from "./slave-shards.ts";

/** Blocks first, then the lists that others owe for them, which may be fetching those themselves. */
const MOST_ATTEMPTS = 4;

export interface RootBlocksParts {
  readonly shards: SlaveShards;
  readonly clock: Clock;
  /** When the slave ends. */
  readonly signal: AbortSignal;
  readonly log: (level: LogLevel, line: string) => void;
}

/**
 * Root blocks in the order in which they arrive (O3): each is taken by all shards of the slave or by none. The master does not
 * wait for one to be added before it sends the next.
 */
export class RootBlocks {
  readonly #shards: SlaveShards;
  readonly #healing: RootHealing;
  readonly #log: RootBlocksParts["log"];
  readonly #turn = new Mutex();

  constructor({ shards, clock, signal, log }: RootBlocksParts) {
    this.#shards = shards;
    this.#healing = new RootHealing({ shards, clock, signal, log });
    this.#log = log;
  }

  /** Shards come to life that a root block of this height can bring to life. */
  async start(height: number, rootBlock: Uint8Array): Promise<void> {
    await this.#turn.run(() => this.#shards.create(height, rootBlock));
  }

  async add(rootBlock: Uint8Array): Promise<AddedRoot> {
    return await this.#turn.run(async () => {
      try {
        return await this.#add(rootBlock);
      } catch (error) {
        // Some shards may have taken it: the one that failed is begun anew, and the master sends this block only once.
        this.#log("warn", `root block ${heightOf(rootBlock)} is tried again: ${reasonOf(error)}`);
        return await this.#add(rootBlock);
      }
    });
  }

  async #add(rootBlock: Uint8Array): Promise<AddedRoot> {
    if (!(await this.#shards.areWhole())) return this.#refused(rootBlock, "a shard of this slave is not alive");
    const [objected] = await this.#objectionsLeft(rootBlock);
    if (objected !== undefined) return this.#refused(rootBlock, objected.objection.text);
    this.#shards.owe(rootBlock);
    const added = await Promise.all(this.#shards.alive.map((shard) => shard.addRoot(rootBlock)));
    for (const each of added) if (each.refusal !== undefined) return this.#refused(rootBlock, each.refusal);
    return { refusal: undefined, isTip: added.at(-1)?.isTip ?? false };
  }

  /** What shards say against a root block when what they lack of it was sought. */
  async #objectionsLeft(rootBlock: Uint8Array): Promise<readonly ShardObjection[]> {
    for (let attempts = 0; ; attempts++) {
      const objections = await this.#objections(rootBlock);
      if (objections.length === 0 || attempts === MOST_ATTEMPTS) return objections;
      if (!(await this.#healing.heal(objections))) return objections;
    }
  }

  async #objections(rootBlock: Uint8Array): Promise<readonly ShardObjection[]> {
    const asked = this.#shards.alive.map(async (shard) => {
      const objection = await shard.rootObjection(rootBlock);
      return objection && { shard, objection };
    });
    return (await Promise.all(asked)).filter((objected) => objected !== undefined);
  }

  #refused(rootBlock: Uint8Array, refusal: string): AddedRoot {
    this.#log("error", `root block ${heightOf(rootBlock)} is refused: ${refusal}`);
    return { refusal, isTip: false };
  }
}

function heightOf(rootBlock: Uint8Array): number {
  return readRootBlockHeader(new WireReader(rootBlock)).height;
}
