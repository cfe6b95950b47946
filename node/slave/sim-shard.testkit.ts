import type { ClusterConfig } from "../chain/config.ts";
import type { CrossShardDeposit } from "../chain/deposit.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { createSharedEthashCaches } from "../cl/pow/ethash-cache-pool.ts";
import { bytesKey, type Hash32 } from "../codec/bytes.ts";
import type { EngineApi, PayloadStatus, QkcPayload } from "../engine/engine-api.ts";
import type { ExecutionNode } from "../execution-node/execution-node.ts";
import { BelievingEngine, MemoryRows } from "../shard/shard-lab.testkit.ts";
import type { ClOperation } from "../shard/store/cl-batch.ts";
import { ClStore } from "../shard/store/cl-store.ts";
import { assemble, type OpenShard, type ShardOptions } from "./open-shard.ts";
import type { SlaveApi } from "./shard-api.ts";
import { ShardNode } from "./shard-node.ts";
import type { HostedShard } from "./shard-threads.ts";
import type { SimProcess } from "./sim-world.testkit.ts";

/** One for all shards of all runs: none of them judges a seal, and memory that threads may share is given back late. */
const ETHASH_CACHES = createSharedEthashCaches(1, 0);

/** A mistake that is put in on purpose: the simulator has to find it. */
export type Defect =
  | "report-before-lists"
  | "marker-before-body"
  | "lost-requeue"
  | "index-not-rewritten"
  | "double-apply"
  | "deposit-twice";

/** Chances of failure of what a shard waits for. */
export interface ShardWeather {
  readonly engineFails: number;
  readonly writeFails: number;
}

/** What outlives a shard's process. */
export class SimDisk {
  rows = new Map<string, Uint8Array>();
  readonly engine: SimEngine;

  constructor(sends: ReadonlyMap<string, readonly CrossShardDeposit[]>, defect: Defect | undefined) {
    this.engine = new SimEngine(sends, defect);
  }
}

/** An engine that believes blocks and keeps them, with as much of an execution node around it as a shard asks for. */
export class SimEngine extends BelievingEngine {
  /** Deposits that each block took in, those of root blocks aside. */
  readonly consumed = new Map<string, readonly CrossShardDeposit[]>();
  readonly #defect: Defect | undefined;
  #newest: string | undefined;

  constructor(sends: ReadonlyMap<string, readonly CrossShardDeposit[]>, defect: Defect | undefined) {
    super(sends);
    this.#defect = defect;
  }

  override async newPayload(payload: QkcPayload): Promise<PayloadStatus> {
    this.#newest = bytesKey(payload.blockHash);
    const due = [...payload.inputs.deposits].map(({ deposit }) => deposit);
    const deposits = due.filter(({ isFromRootChain }) => !isFromRootChain);
    this.consumed.set(this.#newest, this.#defect === "deposit-twice" ? [...deposits, ...deposits] : deposits);
    if (this.#defect === "double-apply" && this.held.has(this.#newest)) {
      this.executions.set(this.#newest, (this.executions.get(this.#newest) ?? 0) + 1);
    }
    return await super.newPayload(payload);
  }

  /** What the process had not stored yet is gone with it. */
  killed(): void {
    if (this.#defect === "marker-before-body" && this.#newest !== undefined) this.held.delete(this.#newest);
  }

  /** Nothing of a node but what is named here is asked for. */
  asNode(engine: EngineApi): ExecutionNode {
    const blockOf = (hash: Hash32): MinorBlock | undefined => this.held.get(bytesKey(hash));
    const store = {
      onWriteFailure: () => {},
      placeOf: () => undefined,
      findBlock: blockOf,
      block: (hash: Hash32) => {
        const block = blockOf(hash);
        if (block === undefined) throw new Error("the engine lacks a block that the chain has");
        return this.#defect === "lost-requeue" ? { ...block, transactions: [] } : block;
      },
    };
    return { ...engine, store, close: async () => {} } as unknown as ExecutionNode;
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
    const engine = disk.engine.over(() => process.pause("engine", weather().engineFails));
    const shard = assemble(options, api, { store, node: disk.engine.asNode(engine), external: undefined });
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
