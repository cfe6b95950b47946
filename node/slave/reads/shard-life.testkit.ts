import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import type { ClusterConfig } from "../../chain/config.ts";
import { parseClusterConfig } from "../../chain/config-file.ts";
import { decodeDepositList } from "../../chain/deposit.ts";
import { decodeMinorBlock } from "../../chain/minor-block.ts";
import { decodeRootBlock } from "../../chain/root-block.ts";
import { bytesKey, fromHex, hashFromHex, toHex } from "../../codec/bytes.ts";
import { QUARKCHAIN_RULES } from "../../el/evm/rules.ts";
import { ExecutionNode } from "../../execution-node/execution-node.ts";
import { beginOnTip } from "../../execution-node/mempool/tip-execution.ts";
import { TransactionPool } from "../../execution-node/mempool/transaction-pool.ts";
import type { Handlers } from "../../net/handlers.ts";
import type { HeadMove } from "../../shard/chain-types.ts";
import { RootIndex } from "../../shard/root-chains.ts";
import { ShardChain } from "../../shard/shard-chain.ts";
import { MemoryRows } from "../../shard/shard-lab.testkit.ts";
import { ClStore } from "../../shard/store/cl-store.ts";
import { shardStats as statsCodec } from "../../wire/cluster-messages.ts";
import { CLUSTER_RPC } from "../../wire/cluster-ops.ts";
import { encode } from "../../wire/codec.ts";
import { followHead } from "../follow-head.ts";
import { SeenHeights, shardStats } from "../shard-stats.ts";
import { type ShardView, tipGround } from "../tip-ground.ts";
import { depositsEvent, headMoveEvents, pendingEvent, type ShardEvent } from "../websocket/shard-events.ts";
import { readHandlers } from "./read-handlers.ts";
import { ShardReads } from "./shard-reads.ts";

/** See fixtures/reads/README.md, shard.json.gz. */
export interface LifeVector {
  readonly fullShardId: number;
  readonly config: string;
  readonly rootGenesis: string;
  readonly steps: readonly LifeStep[];
}

export type LifeStep =
  | { readonly now: number }
  | { readonly block: string }
  | { readonly root: string }
  | { readonly list: string; readonly from: string }
  | { readonly restart: string }
  | { readonly stats: string }
  /** Subscriptions are made here, and pushed to: fixtures/reads/websocket.json.gz. */
  | { readonly hear: true }
  | { readonly pushed: readonly string[] }
  | { readonly ask: string; readonly request: string; readonly answer: string | null };

/** A shard of a life that pyquarkchain led, over an execution node of its own. */
export class ShardLife {
  readonly view: ShardView;
  readonly cluster: ClusterConfig;
  readonly #folder: string;
  readonly #store: ClStore;
  #seen = new SeenHeights();
  readonly #listeners: ((event: ShardEvent) => void)[] = [];
  #now = 0;
  #pool: TransactionPool;
  #handlers: Handlers<undefined>;

  private constructor(
    view: ShardView,
    store: ClStore,
    cluster: ClusterConfig,
    folder: string,
    clock: { read(): number },
  ) {
    this.view = view;
    this.#store = store;
    this.cluster = cluster;
    this.#folder = folder;
    clock.read = () => this.#now;
    this.#pool = this.#newPool();
    this.#handlers = this.#newHandlers();
  }

  static async open({ config, fullShardId, rootGenesis }: Omit<LifeVector, "steps">): Promise<ShardLife> {
    const cluster = parseClusterConfig(config, "the vector");
    const { quarkchain } = cluster;
    const folder = mkdtempSync(join(tmpdir(), "qkc-life-"));
    const node = await ExecutionNode.open({
      folder,
      config: quarkchain,
      fullShardId,
      rules: QUARKCHAIN_RULES,
      durability: "process",
      cacheBytes: 1 << 20,
      retention: "archive",
      version: "0",
    });
    const store = new ClStore(new MemoryRows(), fullShardId);
    const clock = { read: () => 0 };
    const chain = ShardChain.open({
      config: quarkchain,
      store,
      roots: new RootIndex(store),
      engine: node,
      keepsHistory: cluster.enableTransactionHistory,
      clock: () => clock.read(),
    });
    await chain.recover();
    const life = new ShardLife({ config: quarkchain, chain, node }, store, cluster, folder, clock);
    await life.#addRoot(rootGenesis);
    return life;
  }

  /** Called with everything that subscribers of a slave hear. */
  onEvent(listener: (event: ShardEvent) => void): void {
    this.#listeners.push(listener);
  }

  get pool(): TransactionPool {
    return this.#pool;
  }

  get reads(): ShardReads {
    return new ShardReads({
      view: this.view,
      pool: this.#pool,
      keepsHistory: this.cluster.enableTransactionHistory,
      monitorsDeposits: this.cluster.operation.prometheus.monitorXshardDeposit,
      leastGasPrice: this.cluster.operation.pool.minGasPrice,
      clock: () => this.#now,
    });
  }

  /** Whatever happens to the shard; a question changes nothing. */
  async take(step: LifeStep): Promise<void> {
    const { chain } = this.view;
    if ("now" in step) this.#now = step.now;
    else if ("root" in step) await this.#addRoot(step.root);
    else if ("block" in step) await this.#addBlock(step.block);
    else if ("list" in step) {
      const encoded = fromHex(step.list);
      await chain.receive([{ sourceMinorHash: hashFromHex(step.from), encoded }]);
      this.#emit(depositsEvent(decodeDepositList(encoded).deposits));
    } else if ("restart" in step) {
      if (!(await chain.startFrom(hashFromHex(step.restart)))) throw new Error("the root block is not known");
      this.#seen = new SeenHeights();
      this.#pool = this.#newPool();
      this.#handlers = this.#newHandlers();
    }
  }

  /** As a slave would: with the answer for failures where the handler throws. */
  async answer(name: string, request: string): Promise<string> {
    const rpc = Object.values(CLUSTER_RPC).find((each) => each.name === name);
    const handler = rpc && this.#handlers.get(rpc.op);
    if (handler?.kind !== "request") throw new Error(`nobody handles ${name}`);
    try {
      return toHex(await handler.handle(fromHex(request), undefined));
    } catch (error) {
      if (handler.failed === undefined) throw error;
      return toHex(handler.failed(error));
    }
  }

  /** As they go to the master. */
  stats(): string {
    const { chain } = this.view;
    if (chain.snapshot === undefined) throw new Error("the shard has no genesis block yet");
    const staleAt = (height: number) => this.#seen.staleAt(height);
    const stats = shardStats({ chain, store: this.#store, staleAt }, chain.snapshot, this.#pool.size);
    return toHex(encode(statsCodec, stats));
  }

  async close(): Promise<void> {
    await this.view.node.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #addRoot(hex: string): Promise<void> {
    const outcome = await this.view.chain.addRootBlock(decodeRootBlock(fromHex(hex)));
    if (outcome.status !== "added") throw new Error(`a root block is ${inspect(outcome, { depth: 4 })}`);
    this.#moved(outcome.move);
    if (outcome.genesis !== undefined) this.#seen.seen(0, bytesKey(outcome.genesis.hash));
  }

  async #addBlock(hex: string): Promise<void> {
    const [outcome] = await this.view.chain.addBlocks([decodeMinorBlock(fromHex(hex))], { now: this.#now });
    if (outcome.status !== "added") throw new Error(`a block is ${inspect(outcome, { depth: 4 })}`);
    const { hash, block } = outcome.executed;
    this.#seen.seen(block.header.height, bytesKey(hash));
    this.#moved(outcome.move);
  }

  #moved(move: HeadMove | undefined): void {
    if (move === undefined) return;
    followHead(this.#pool, this.view.node, move);
    for (const event of headMoveEvents(this.view, move)) this.#emit(event);
  }

  #emit(event: ShardEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #newPool(): TransactionPool {
    const { view } = this;
    const pool = new TransactionPool({
      isInChain: (hash) => view.node.store.placeOf(hash) !== undefined,
      beginOnTip: () => {
        const { snapshot } = view.chain;
        if (snapshot === undefined) throw new Error("the shard has no genesis block yet");
        return beginOnTip(tipGround(view, snapshot));
      },
    });
    pool.onAccepted((typed) => this.#emit(pendingEvent([typed])));
    return pool;
  }

  #newHandlers(): Handlers<undefined> {
    return readHandlers<undefined>(this.reads, new AbortController().signal);
  }
}
