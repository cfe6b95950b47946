import type { QuarkChainConfig } from "../chain/config.ts";
import type { CrossShardDeposit } from "../chain/deposit.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { bytesKey, type Hash32 } from "../codec/bytes.ts";
import { QUARKCHAIN_RULES } from "../el/evm/rules.ts";
import { MapRows } from "../el/store/memory-rows.testkit.ts";
import type { RowChange, RowStore } from "../el/store/row-store.ts";
import { hashRowKey, ROW } from "../el/store/store-keys.ts";
import type { EngineApi, PayloadStatus, QkcPayload } from "../engine/engine-api.ts";
import { ExecutionNode } from "../execution-node/execution-node.ts";
import { BelievingEngine } from "../shard/shard-lab.testkit.ts";
import type { SimProcess } from "./sim-world.testkit.ts";

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

/** One shard's engine, and what of it outlives a process. */
export interface SimEngine {
  /** Deposits that each block took in, those of root blocks aside. */
  readonly consumed: ReadonlyMap<string, readonly CrossShardDeposit[]>;
  /** How often each block was executed, as far as it matters. */
  readonly executions: ReadonlyMap<string, number>;
  holds(hash: Hash32): boolean;
  /** As a process finds it. */
  open(process: SimProcess, weather: () => ShardWeather): Promise<ExecutionNode>;
  killed(): void;
  /** What a process would find now, without its waits. */
  opened(): Promise<EngineApi>;
}

/** Believes blocks and keeps them, with as much of an execution node around it as a shard asks for. */
export class BelievingSimEngine extends BelievingEngine implements SimEngine {
  readonly consumed = new Map<string, readonly CrossShardDeposit[]>();
  readonly #defect: Defect | undefined;
  #newest: string | undefined;

  constructor(sends: ReadonlyMap<string, readonly CrossShardDeposit[]>, defect: Defect | undefined) {
    super(sends);
    this.#defect = defect;
  }

  override async newPayload(payload: QkcPayload): Promise<PayloadStatus> {
    this.#newest = bytesKey(payload.blockHash);
    const deposits = sentByShards(payload);
    this.consumed.set(this.#newest, this.#defect === "deposit-twice" ? [...deposits, ...deposits] : deposits);
    if (this.#defect === "double-apply" && this.held.has(this.#newest)) {
      this.executions.set(this.#newest, (this.executions.get(this.#newest) ?? 0) + 1);
    }
    return await super.newPayload(payload);
  }

  holds(hash: Hash32): boolean {
    return this.held.has(bytesKey(hash));
  }

  /** What the process had not stored yet is gone with it. */
  killed(): void {
    if (this.#defect === "marker-before-body" && this.#newest !== undefined) this.held.delete(this.#newest);
  }

  async opened(): Promise<EngineApi> {
    return this;
  }

  async open(process: SimProcess, weather: () => ShardWeather): Promise<ExecutionNode> {
    return this.#asNode(this.over(() => process.pause("engine", weather().engineFails)));
  }

  /** Nothing of a node but what is named here is asked for. */
  #asNode(engine: EngineApi): ExecutionNode {
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

/** Executes: an execution node over rows that survive their process as far as they were written. */
export class ExecutingSimEngine implements SimEngine {
  readonly rows = new Map<string, Uint8Array>();
  readonly consumed = new Map<string, readonly CrossShardDeposit[]>();
  /** Deposits of root blocks that each block took in. */
  readonly rewards = new Map<string, readonly CrossShardDeposit[]>();
  /** What was not written yet when a process ended is executed again, and rightly so. */
  readonly executions = new Map<string, number>();
  readonly #config: QuarkChainConfig;
  readonly #fullShardId: number;
  readonly #sends: Map<string, readonly CrossShardDeposit[]>;

  /** `sends`: where it is noted what each block sends. */
  constructor(config: QuarkChainConfig, fullShardId: number, sends: Map<string, readonly CrossShardDeposit[]>) {
    this.#config = config;
    this.#fullShardId = fullShardId;
    this.#sends = sends;
  }

  holds(hash: Hash32): boolean {
    return this.rows.has(bytesKey(hashRowKey(ROW.block, hash)));
  }

  killed(): void {}

  async opened(): Promise<EngineApi> {
    return await this.#openOver(new DiskRows(this.rows));
  }

  async open(process: SimProcess, weather: () => ShardWeather): Promise<ExecutionNode> {
    const pause = (what: string, fails: number) => process.pause(what, fails);
    const rows = new DiskRows(this.rows, {
      before: () => pause("engine's write", weather().writeFails),
      after: () => pause("engine's write is done", 0),
    });
    const node = await this.#openOver(rows);
    const { newPayload, forkchoiceUpdated, getPayloadBodiesByHash } = node;
    const wait = () => pause("engine", weather().engineFails);
    return Object.assign(node, {
      newPayload: async (payload: QkcPayload) => {
        await wait();
        const status = await newPayload.call(node, payload);
        if (status.status === "VALID") this.#note(payload, status);
        return status;
      },
      forkchoiceUpdated: async (...args: Parameters<typeof forkchoiceUpdated>) => {
        await wait();
        return await forkchoiceUpdated.apply(node, args);
      },
      getPayloadBodiesByHash: async (hashes: readonly Hash32[]) => {
        await wait();
        return await getPayloadBodiesByHash.call(node, hashes);
      },
    });
  }

  async #openOver(rows: RowStore): Promise<ExecutionNode> {
    return await ExecutionNode.open({
      folder: "",
      config: this.#config,
      fullShardId: this.#fullShardId,
      rules: QUARKCHAIN_RULES,
      durability: "process",
      cacheBytes: 1024 * 1024,
      retention: "archive",
      version: "sim",
      openRows: async () => rows,
    });
  }

  #note(payload: QkcPayload, { computed }: PayloadStatus): void {
    const key = bytesKey(payload.blockHash);
    this.consumed.set(key, sentByShards(payload));
    const all = [...payload.inputs.deposits].map(({ deposit }) => deposit);
    this.rewards.set(
      key,
      all.filter(({ isFromRootChain }) => isFromRootChain),
    );
    this.#sends.set(key, computed?.xshardSends ?? []);
  }
}

/** Rows of a disk as a process has them. */
class DiskRows extends MapRows {
  readonly #waits: { before(): Promise<void>; after(): Promise<void> } | undefined;

  constructor(rows: Map<string, Uint8Array>, waits?: { before(): Promise<void>; after(): Promise<void> }) {
    super(rows);
    this.#waits = waits;
  }

  async write(changes: readonly RowChange[]): Promise<void> {
    await this.#waits?.before();
    this.apply(changes);
    await this.#waits?.after();
  }
}

function sentByShards({ inputs }: QkcPayload): CrossShardDeposit[] {
  return [...inputs.deposits].map(({ deposit }) => deposit).filter(({ isFromRootChain }) => !isFromRootChain);
}
