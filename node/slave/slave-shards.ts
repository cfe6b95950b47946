import type { QuarkChainConfig } from "../chain/config.ts";
import { type Clock, pause } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import type { LogLevel, MiningOrder, ShardApi, SlaveApi } from "./shard-api.ts";
import type { HostedShard, ShardOpener } from "./shard-threads.ts";

interface OwnShard {
  hosted: HostedShard;
  /** Whether it is alive: the master and peers see it only then (slave.py create_shards). */
  isVisible: boolean;
}

/** Milliseconds until a shard that failed is begun anew, doubled with each attempt up to the longest. */
const REBIRTH_MS = 1000;
const LONGEST_REBIRTH_MS = 60_000;
/** So long a root block waits for a shard that is being begun anew. */
const WHOLE_MS = 10_000;

export interface SlaveShardsParts {
  readonly config: QuarkChainConfig;
  /** The slave's shards, in the order of its configuration. */
  readonly fullShardIds: readonly number[];
  readonly open: ShardOpener;
  /** What a shard may ask of the slave. */
  readonly slaveFor: (fullShardId: number) => SlaveApi;
  /** A shard has come to life, for the first time or again: called before anybody is told. */
  readonly born: (fullShardId: number, api: ShardApi) => void;
  readonly clock: Clock;
  /** When the slave ends. */
  readonly signal: AbortSignal;
  readonly log: (level: LogLevel, line: string) => void;
}

/** The shards of a slave: those that are alive, and those that root blocks bring to life. */
export class SlaveShards {
  readonly #parts: SlaveShardsParts;
  readonly #shards = new Map<number, OwnShard>();
  #mining: MiningOrder | undefined;
  /** The newest root block that the shards have taken, or are about to. */
  #root: Uint8Array | undefined;

  constructor(parts: SlaveShardsParts) {
    this.#parts = parts;
  }

  /** Whether the slave holds a shard, alive or not. */
  holds(fullShardId: number): boolean {
    return this.#parts.fullShardIds.includes(fullShardId);
  }

  /** Undefined before it is alive. */
  find(fullShardId: number): ShardApi | undefined {
    const shard = this.#shards.get(fullShardId);
    return shard?.isVisible ? shard.hosted.api : undefined;
  }

  /** As `find`, a shard too that is coming to life: its lists can be stored. */
  findBorn(fullShardId: number): ShardApi | undefined {
    return this.#shards.get(fullShardId)?.hosted.api;
  }

  /** Those alive. */
  get alive(): readonly ShardApi[] {
    return [...this.#shards.values()].filter(({ isVisible }) => isVisible).map(({ hosted }) => hosted.api);
  }

  /**
   * Brings those to life that a root block of this height can (slave.py create_shards). Where one of them fails, none of the
   * others is left behind.
   */
  async create(rootHeight: number, rootBlock: Uint8Array): Promise<void> {
    const { config, fullShardIds, open, slaveFor } = this.#parts;
    const due = fullShardIds.filter((id) => {
      const shard = config.shards.get(id);
      return shard !== undefined && shard.genesis.rootHeight <= rootHeight && !this.#shards.has(id);
    });
    for (const id of due) this.#shards.set(id, { hosted: open(id, slaveFor(id)), isVisible: false });
    const births = await Promise.allSettled(due.map((id) => this.#bear(id, rootBlock)));
    for (const birth of births) if (birth.status === "rejected") throw birth.reason;
    this.#root = rootBlock;
  }

  /** All shards alive can take this root block: one that fails at it takes it when it is begun anew. */
  owe(rootBlock: Uint8Array): void {
    this.#root = rootBlock;
  }

  /** Whether no shard is missing that was alive before, waiting a while for one that is being begun anew. */
  async areWhole(): Promise<boolean> {
    const { clock, signal } = this.#parts;
    const isWhole = () => [...this.#shards.values()].every(({ isVisible }) => isVisible);
    const end = clock.now() + WHOLE_MS;
    while (!isWhole() && clock.now() < end && !signal.aborted) await pause(clock, REBIRTH_MS / 4, signal);
    return isWhole();
  }

  /**
   * A shard cannot go on: a disk that takes nothing more, or the end of its thread. The others do, and it is begun anew from its
   * rows as often as it takes; meanwhile what is asked of it is answered as of one that is not alive.
   */
  failed(fullShardId: number, reason: string): void {
    const shard = this.#shards.get(fullShardId);
    // One that is being born says so itself.
    if (shard === undefined || !shard.isVisible || this.#parts.signal.aborted) return;
    shard.isVisible = false;
    this.#parts.log("error", `shard ${fullShardId} is begun anew: ${reason}`);
    void this.#bearAgain(fullShardId, shard);
  }

  async mine(order: MiningOrder): Promise<void> {
    this.#mining = order;
    await Promise.all(this.alive.map((api) => api.mine(order)));
  }

  /** Leaves every store in order. */
  async close(): Promise<void> {
    const hosted = [...this.#shards.values()].map((shard) => shard.hosted);
    await Promise.allSettled(hosted.map(({ api }) => api.close()));
    await Promise.all(hosted.map((each) => each.end()));
  }

  async #bear(fullShardId: number, rootBlock: Uint8Array): Promise<void> {
    const shard = this.#shards.get(fullShardId) as OwnShard;
    await shard.hosted.api.start(rootBlock);
    await this.#show(fullShardId, shard);
  }

  async #bearAgain(fullShardId: number, shard: OwnShard): Promise<void> {
    const { clock, signal, open, slaveFor, log } = this.#parts;
    for (let wait = REBIRTH_MS; ; wait = Math.min(2 * wait, LONGEST_REBIRTH_MS)) {
      await shard.hosted.api.close().catch(() => {});
      await shard.hosted.end();
      await pause(clock, wait, signal);
      if (signal.aborted) return;
      shard.hosted = open(fullShardId, slaveFor(fullShardId));
      try {
        await shard.hosted.api.resume();
        // The others may have taken it when this one failed.
        if (this.#root !== undefined) await shard.hosted.api.addRoot(this.#root);
        await this.#show(fullShardId, shard);
        return log("info", `shard ${fullShardId} is alive again`);
      } catch (error) {
        log("error", `shard ${fullShardId} cannot be begun anew, tried again in ${wait} ms: ${reasonOf(error)}`);
      }
    }
  }

  async #show(fullShardId: number, shard: OwnShard): Promise<void> {
    const { api } = shard.hosted;
    this.#parts.born(fullShardId, api);
    shard.isVisible = true;
    if (this.#mining?.mining) await api.mine(this.#mining);
  }
}
