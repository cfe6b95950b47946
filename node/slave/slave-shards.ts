import type { QuarkChainConfig } from "../chain/config.ts";
import type { MiningOrder, ShardApi, SlaveApi } from "./shard-api.ts";
import type { HostedShard, ShardOpener } from "./shard-threads.ts";

interface OwnShard {
  readonly hosted: HostedShard;
  /** Whether it has come to life: the master and peers see it only then (slave.py create_shards). */
  isVisible: boolean;
}

export interface SlaveShardsParts {
  readonly config: QuarkChainConfig;
  /** The slave's shards, in the order of its configuration. */
  readonly fullShardIds: readonly number[];
  readonly open: ShardOpener;
  /** What a shard may ask of the slave. */
  readonly slaveFor: (fullShardId: number) => SlaveApi;
  /** A shard has come to life: called before anybody is told. */
  readonly born: (fullShardId: number, api: ShardApi) => void;
}

/** The shards of a slave: those that are alive, and those that root blocks bring to life. */
export class SlaveShards {
  readonly #parts: SlaveShardsParts;
  readonly #shards = new Map<number, OwnShard>();
  #mining: MiningOrder | undefined;

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
    const { api } = shard.hosted;
    await api.start(rootBlock);
    this.#parts.born(fullShardId, api);
    shard.isVisible = true;
    if (this.#mining?.mining) await api.mine(this.#mining);
  }
}
