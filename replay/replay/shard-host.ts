import { rootGenesisBlock } from "../../node/chain/genesis.ts";
import { rootHeaderHash } from "../../node/chain/root-block.ts";
import { QkcError } from "../../node/codec/errors.ts";
import { ClStore } from "../../node/shard/store/cl-store.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { type OpenEngine, openEngine } from "../engines/engines.ts";
import type { Divergence } from "../report/schema.ts";
import { WorkerCounters } from "../work/counters.ts";
import { Barrier } from "./barrier.ts";
import type { HostedShard, HostSpec } from "./host-spec.ts";
import { RunStopped, type SentList } from "./run-link.ts";
import type { ShardRunState } from "./run-state.ts";
import { ShardReplay } from "./shard-replay.ts";
import { StepPlan } from "./steps.ts";

/** What a host tells the coordinator of the run. */
export interface HostEvents {
  /** Resolves when every destination, whichever host serves it, has stored the lists. */
  deliver(lists: readonly SentList[]): Promise<void>;
  completed(fullShardId: number, step: number): void;
  diverged(step: number, divergence: Divergence): void;
}

export interface ShardProgressState {
  readonly fullShardId: number;
  readonly state: ShardRunState;
}

interface HostedReplay {
  readonly fullShardId: number;
  readonly store: ClStore;
  readonly engine: OpenEngine;
  readonly replay: ShardReplay;
}

/** Puts something between a shard's replay and its engine. */
export type EngineWrapper = (engine: OpenEngine["api"], fullShardId: number) => OpenEngine["api"];

/** The shards that one thread serves. */
export class ShardHost {
  readonly #database: OpenDatabase;
  readonly #hosted = new Map<number, HostedReplay>();
  readonly #barrier: Barrier;
  readonly #abort = new AbortController();
  #failure: unknown;

  private constructor(database: OpenDatabase, barrier: Barrier) {
    this.#database = database;
    this.#barrier = barrier;
  }

  /** Opens the old database, the stores and the engines; nothing stays open where one of them does not open. */
  static async open(spec: HostSpec, events: HostEvents, wrapEngine: EngineWrapper = asItIs): Promise<ShardHost> {
    const database = openDatabase({
      db: spec.db,
      configPath: spec.configPath,
      rootTip: spec.rootTip,
      verifyChecksums: "default",
      cacheBytes: spec.cacheBytes,
    });
    const host = new ShardHost(database, new Barrier(-1, spec.plan.lastStep));
    try {
      const plan = new StepPlan(spec.plan, database.source.rootBlocks());
      const progress = new WorkerCounters(spec.counters);
      for (const shard of spec.hosted) {
        host.#hosted.set(shard.fullShardId, await host.#set({ spec, events, plan, progress, wrapEngine }, shard));
      }
      return host;
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  /** What every shard has verified and stored. */
  get states(): readonly ShardProgressState[] {
    return [...this.#hosted.values()].map(({ fullShardId, replay }) => ({ fullShardId, state: replay.committed }));
  }

  /** Stores what was sent to shards of this host. */
  async accept(lists: readonly SentList[]): Promise<void> {
    const byShard = new Map<number, SentList[]>();
    for (const list of lists) {
      const mine = byShard.get(list.destination);
      if (mine === undefined) byShard.set(list.destination, [list]);
      else mine.push(list);
    }
    await Promise.all([...byShard].map(([destination, mine]) => this.#of(destination).replay.receive(mine)));
  }

  reach(step: number): void {
    this.#barrier.reach(step);
  }

  endWith(step: number): void {
    this.#barrier.endWith(step);
  }

  stop(): void {
    this.#barrier.stop();
    this.#abort.abort(new RunStopped("the run was stopped"));
  }

  /** Runs all shards; the first failure stops the others, and is thrown when all have stopped. */
  async run(): Promise<void> {
    const runs = [...this.#hosted.values()].map(async ({ replay }) => {
      try {
        await replay.run();
      } catch (error) {
        this.stop();
        throw error;
      }
    });
    const endings = await Promise.allSettled(runs);
    const failures = endings.flatMap((ending) => (ending.status === "rejected" ? [ending.reason] : []));
    if (failures.length === 0) return;
    if (this.#failure !== undefined) throw this.#failure;
    throw failures.find((failure) => !(failure instanceof RunStopped)) ?? failures[0];
  }

  async close(): Promise<void> {
    for (const { engine, store } of this.#hosted.values()) {
      await engine.close();
      await store.close();
    }
    this.#hosted.clear();
    this.#database.source.close();
  }

  async #set(
    { spec, events, plan, progress, wrapEngine }: SetUp,
    { fullShardId, store: folder, engine: engineSpec }: HostedShard,
  ): Promise<HostedReplay> {
    const { config, source } = this.#database;
    const rootGenesisHash = rootHeaderHash(rootGenesisBlock(config.quarkchain).header);
    const store = await ClStore.open(folder, { fullShardId, rootGenesisHash });
    let engine: OpenEngine | undefined;
    try {
      engine = await openEngine(engineSpec, config.quarkchain, fullShardId, this.#abort.signal);
      const barrier = this.#barrier;
      const replay = new ShardReplay({
        fullShardId,
        config,
        source,
        plan,
        shards: spec.shards,
        store,
        storeFolder: folder,
        engine: wrapEngine(engine.api, fullShardId),
        progress,
        link: {
          deliver: (lists) => this.#deliver(events, lists),
          completed: (shard, step) => events.completed(shard, step),
          reached: (step) => barrier.wait(step),
          diverged: (step, divergence) => events.diverged(step, divergence),
          get lastStep() {
            return barrier.lastStep;
          },
          checkStopped: () => barrier.checkStopped(),
        },
      });
      return { fullShardId, store, engine, replay };
    } catch (error) {
      await engine?.close();
      await store.close();
      throw error;
    }
  }

  /** A list that could not be stored ends the run: nobody would wait for it to the end. */
  async #deliver(events: HostEvents, lists: readonly SentList[]): Promise<void> {
    try {
      await events.deliver(lists);
    } catch (error) {
      this.#failure ??= error;
      this.stop();
      throw error;
    }
  }

  #of(fullShardId: number): HostedReplay {
    const hosted = this.#hosted.get(fullShardId);
    if (hosted !== undefined) return hosted;
    throw new QkcError("INTERNAL", `shard ${fullShardId} is not served here`);
  }
}

interface SetUp {
  readonly spec: HostSpec;
  readonly events: HostEvents;
  readonly plan: StepPlan;
  readonly progress: WorkerCounters;
  readonly wrapEngine: EngineWrapper;
}

function asItIs(engine: OpenEngine["api"]): OpenEngine["api"] {
  return engine;
}
