import { readRootBlockHeader } from "../chain/root-block.ts";
import { WireReader } from "../codec/wire.ts";
import { Mutex } from "../shard/mutex.ts";
import type { AddedRoot, LogLevel } from "./shard-api.ts";
import type { SlaveShards } from "./slave-shards.ts";

/**
 * Root blocks in the order in which they arrive (O3): each is taken by all shards of the slave or by none. The master does not
 * wait for one to be added before it sends the next.
 */
export class RootBlocks {
  readonly #shards: SlaveShards;
  readonly #log: (level: LogLevel, line: string) => void;
  readonly #turn = new Mutex();

  constructor(shards: SlaveShards, log: (level: LogLevel, line: string) => void) {
    this.#shards = shards;
    this.#log = log;
  }

  /** Shards come to life that a root block of this height can bring to life. */
  async start(height: number, rootBlock: Uint8Array): Promise<void> {
    await this.#turn.run(() => this.#shards.create(height, rootBlock));
  }

  async add(rootBlock: Uint8Array): Promise<AddedRoot> {
    return await this.#turn.run(() => this.#add(rootBlock));
  }

  async #add(rootBlock: Uint8Array): Promise<AddedRoot> {
    if (!(await this.#shards.areWhole())) return this.#refused(rootBlock, "a shard of this slave is not alive");
    const shards = this.#shards.alive;
    const refusals = await Promise.all(shards.map((shard) => shard.rootRefusal(rootBlock)));
    const refusal = refusals.find((text) => text !== undefined);
    if (refusal !== undefined) return this.#refused(rootBlock, refusal);
    const added = await Promise.all(shards.map((shard) => shard.addRoot(rootBlock)));
    for (const each of added) if (each.refusal !== undefined) return this.#refused(rootBlock, each.refusal);
    this.#shards.took(rootBlock);
    return { refusal: undefined, isTip: added.at(-1)?.isTip ?? false };
  }

  #refused(rootBlock: Uint8Array, refusal: string): AddedRoot {
    const { height } = readRootBlockHeader(new WireReader(rootBlock));
    this.#log("error", `root block ${height} is refused: ${refusal}`);
    return { refusal, isTip: false };
  }
}
