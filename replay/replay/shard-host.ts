import { rootGenesisBlock } from "../../node/chain/genesis.ts";
import { rootHeaderHash } from "../../node/chain/root-block.ts";
import { QkcError } from "../../node/codec/errors.ts";
import type { Refusal } from "../../node/engine/engine-api.ts";
import { ClStore } from "../../node/shard/store/cl-store.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { type OpenEngine, openEngine } from "../engines/engines.ts";
import type { FoundDivergence } from "../report/schema.ts";
import { WorkerCounters } from "../work/counters.ts";
import { Barrier } from "./barrier.ts";
import type { HostedShard, HostSpec } from "./host-spec.ts";
import { type RunLink, RunStopped, type SentList } from "./run-link.ts";
import type { ShardRunState } from "./run-state.ts";
import { ShardReplay } from "./shard-replay.ts";
import { StepPlan } from "./steps.ts";

/** What a host tells the coordinator of the run. */
export interface HostEvents {
  /** Resolves when every destination, whichever host serves it, has stored the lists. */
  deliver(lists: readonly SentList[]): Promise<void>;
  completed(fullShardId: number, step: number): void;
  diverged(step: number, divergence: FoundDivergence, refusal?: Refusal): void;
}

export interface ShardProgressState {
  readonly fullShardId: number;
  readonly state: ShardRunState;
}

/** One shard of a host. */
export interface HostedReplay {
  readonly fullShardId: number;
  readonly replay: ShardReplay;
  close(): Promise<void>;
}

/** Makes one shard's replay, tied to all others by the link. */
export type ReplaySetUp = (link: RunLink, signal: AbortSignal) => Promise<HostedReplay>;

/** Puts something between a shard's replay and its engine. */
export type EngineWrapper = (engine: OpenEngine["api"], fullShardId: number) => OpenEngine["api"];

/** The shards that one thread serves. */
export class ShardHost {
  readonly #hosted = new Map<number, HostedReplay>();
  readonly #events: HostEvents;
  readonly #barrier: Barrier;
  readonly #closeSource: () => void;
  readonly #abort = new AbortController();
  #failure: unknown;

  private constructor(events: HostEvents, barrier: Barrier, closeSource: () => void) {
    this.#events = events;
    this.#barrier = barrier;
    this.#closeSource = closeSource;
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
    const plan = new StepPlan(spec.plan, database.source.rootBlocks());
    const progress = new WorkerCounters(spec.counters);
    const setUps = spec.hosted.map(
      (shard): ReplaySetUp =>
        (link, signal) =>
          openReplay({ spec, database, plan, progress, wrapEngine, link, signal }, shard),
    );
    return await ShardHost.serve(spec.plan.lastStep, events, setUps, () => database.source.close());
  }

  /** Serves shards that are made here; what they are made of is closed with them, and where one of them cannot be made. */
  static async serve(
    lastStep: number,
    events: HostEvents,
    setUps: readonly ReplaySetUp[],
    closeSource: () => void,
  ): Promise<ShardHost> {
    const host = new ShardHost(events, new Barrier(-1, lastStep), closeSource);
    try {
      for (const setUp of setUps) {
        const hosted = await setUp(host.#link(), host.#abort.signal);
        host.#hosted.set(hosted.fullShardId, hosted);
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
    for (const hosted of this.#hosted.values()) await hosted.close();
    this.#hosted.clear();
    this.#closeSource();
  }

  #link(): RunLink {
    const [events, barrier] = [this.#events, this.#barrier];
    return {
      deliver: (lists) => this.#deliver(lists),
      completed: (shard, step) => events.completed(shard, step),
      reached: (step) => barrier.wait(step),
      diverged: (step, divergence, refusal) => events.diverged(step, divergence, refusal),
      get lastStep() {
        return barrier.lastStep;
      },
      checkStopped: () => barrier.checkStopped(),
    };
  }

  /** A list that could not be stored ends the run: nobody would wait for it to the end. */
  async #deliver(lists: readonly SentList[]): Promise<void> {
    try {
      await this.#events.deliver(lists);
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

interface OpenParts {
  readonly spec: HostSpec;
  readonly database: OpenDatabase;
  readonly plan: StepPlan;
  readonly progress: WorkerCounters;
  readonly wrapEngine: EngineWrapper;
  readonly link: RunLink;
  readonly signal: AbortSignal;
}

async function openReplay(
  { spec, database, plan, progress, wrapEngine, link, signal }: OpenParts,
  { fullShardId, store: folder, engine: engineSpec }: HostedShard,
): Promise<HostedReplay> {
  const { config, source } = database;
  const rootGenesisHash = rootHeaderHash(rootGenesisBlock(config.quarkchain).header);
  const store = await ClStore.open(folder, { fullShardId, rootGenesisHash });
  let opened: OpenEngine | undefined;
  try {
    const engine = await openEngine(engineSpec, config.quarkchain, fullShardId, signal);
    opened = engine;
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
      link,
    });
    const close = async () => {
      await engine.close();
      await store.close();
    };
    return { fullShardId, replay, close };
  } catch (error) {
    await opened?.close();
    await store.close();
    throw error;
  }
}

function asItIs(engine: OpenEngine["api"]): OpenEngine["api"] {
  return engine;
}
