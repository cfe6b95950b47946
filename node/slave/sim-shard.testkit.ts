import type { ClusterConfig } from "../chain/config.ts";
import { createSharedEthashCaches } from "../cl/pow/ethash-cache-pool.ts";
import { bytesKey } from "../codec/bytes.ts";
import { MemoryRows } from "../shard/shard-lab.testkit.ts";
import type { ClOperation } from "../shard/store/cl-batch.ts";
import { ClStore } from "../shard/store/cl-store.ts";
import { assemble, type OpenShard, type ShardOptions } from "./open-shard.ts";
import type { SlaveApi } from "./shard-api.ts";
import { ShardNode } from "./shard-node.ts";
import type { HostedShard } from "./shard-threads.ts";
import type { Defect, ShardWeather, SimEngine } from "./sim-engine.testkit.ts";
import type { SimProcess } from "./sim-world.testkit.ts";

/** One for all shards of all runs: none of them judges a seal, and memory that threads may share is given back late. */
const ETHASH_CACHES = createSharedEthashCaches(1, 0);

/** What outlives a shard's process. */
export class SimDisk {
  rows = new Map<string, Uint8Array>();
  readonly engine: SimEngine;

  constructor(engine: SimEngine) {
    this.engine = engine;
  }
}

/** Rows of a process: what it wrote is on the disk, whenever the process ends. As a database's, they close behind their writes. */
class SimRows extends MemoryRows {
  readonly #writes = new Set<Promise<void>>();
  #isClosed = false;
  readonly #defect: Defect | undefined;

  constructor(disk: SimDisk, process: SimProcess, weather: () => ShardWeather, defect: Defect | undefined) {
    super(
      disk.rows,
      () => process.pause("write", weather().writeFails),
      () => process.pause("written"),
    );
    this.#defect = defect;
    disk.rows = this.rows;
  }

  override async batch(operations: readonly ClOperation[]): Promise<void> {
    const kept =
      this.#defect === "index-not-rewritten"
        ? operations.filter(({ type, key }) => type === "put" || !bytesKey(key).startsWith("mi_"))
        : operations;
    if (this.#isClosed) throw new Error("the rows are closed");
    const write = super.batch(kept);
    this.#writes.add(write);
    await write.finally(() => this.#writes.delete(write));
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#writes);
  }
}

export interface SimShardParts {
  readonly cluster: ClusterConfig;
  readonly fullShardId: number;
  readonly disk: SimDisk;
  readonly process: SimProcess;
  readonly weather: () => ShardWeather;
  readonly defect: Defect | undefined;
  /** The shard is open. */
  readonly opened: (shard: OpenShard) => void;
}

/** A shard as the slave has it, in this thread, over a simulated disk. */
export function simShard(parts: SimShardParts, slave: SlaveApi): HostedShard {
  const { cluster, fullShardId, disk, process, weather, defect, opened } = parts;
  const options: ShardOptions = {
    ...{
      cluster,
      fullShardId,
      datadir: "",
      retention: "archive",
      durability: "process",
      cacheBytes: 0,
      version: "sim",
    },
    ethashCaches: ETHASH_CACHES,
  };
  const open = async () => {
    await process.pause("open");
    const store = new ClStore(new SimRows(disk, process, weather, defect), fullShardId);
    const node = await disk.engine.open(process, weather);
    const shard = assemble(options, api, { store, node, external: undefined });
    opened(shard);
    return shard;
  };
  const api: SlaveApi = {
    ...slave,
    deliver: async (lists, how) => {
      const delivered = slave.deliver(lists, how);
      if (defect !== "report-before-lists") await delivered;
    },
  };
  return { api: new ShardNode(options, api, open), end: async () => {} };
}
