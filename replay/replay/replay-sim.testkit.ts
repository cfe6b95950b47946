import type { BlockSource, ShardSource } from "../../node/archive/block-source.ts";
import type { ClusterConfig } from "../../node/chain/config.ts";
import { type CrossShardDeposit, decodeDepositList, encodeDepositList } from "../../node/chain/deposit.ts";
import { readFixtureConfig } from "../../node/chain/expected-configs.testkit.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../../node/chain/root-block.ts";
import { bytesKey, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { madeUpDeposit } from "../../node/shard/cluster-sim.testkit.ts";
import { Owner, type Scheduler, seededRandom } from "../../node/shard/scheduler.testkit.ts";
import { BelievingEngine, Lab, MemoryRows, SHARD_A, SHARD_B } from "../../node/shard/shard-lab.testkit.ts";
import { ClStore } from "../../node/shard/store/cl-store.ts";
import type { FoundDivergence } from "../report/schema.ts";
import { Coordinator, type HostHandle } from "./coordinator.ts";
import { RootRules } from "./root-rules.ts";
import type { SentList } from "./run-link.ts";
import { type HostEvents, ShardHost } from "./shard-host.ts";
import { ShardReplay } from "./shard-replay.ts";
import { canonicalPlan, StepPlan } from "./steps.ts";

export const SIM_SHARDS = [SHARD_A, SHARD_B] as const;

/** An old database of two shards that send each other deposits; nothing of it was ever executed. */
export class SimDatabase {
  readonly lab = new Lab();
  readonly sends = new Map<string, readonly CrossShardDeposit[]>();
  readonly roots: RootBlock[];
  readonly blocks = new Map<number, MinorBlock[]>();
  readonly config: ClusterConfig;
  readonly source: BlockSource;
  readonly #byHash = new Map<string, RootBlock | MinorBlock>();
  /** By destination and source block. */
  readonly #lists = new Map<string, Uint8Array>();

  constructor(seed: number, rootBlocks: number) {
    this.config = { ...readFixtureConfig("varied.json"), quarkchain: this.lab.config, enableTransactionHistory: true };
    this.roots = [this.lab.rootGenesis];
    const random = seededRandom(seed);
    for (const id of SIM_SHARDS) this.blocks.set(id, [this.lab.genesis(id)]);
    for (let height = 1; height <= rootBlocks; height++) {
      const confirmed = SIM_SHARDS.flatMap((id) => this.#grow(id, height, random));
      this.roots.push(this.lab.root((this.roots.at(-1) as RootBlock).header, confirmed));
    }
    for (const root of this.roots) this.#byHash.set(bytesKey(rootHeaderHash(root.header)), root);
    for (const block of [...this.blocks.values()].flat())
      this.#byHash.set(bytesKey(minorHeaderHash(block.header)), block);
    this.source = this.#blockSource();
  }

  /** A shard's blocks that the next root block confirms: each names one of the root blocks so far. */
  #grow(fullShardId: number, height: number, random: () => number): MinorBlock[] {
    const chain = this.blocks.get(fullShardId) as MinorBlock[];
    const confirmed = height === 1 ? [chain[0]] : [];
    for (let count = Math.floor(random() * 3); count > 0; count--) {
      const parent = chain.at(-1) as MinorBlock;
      const lowest = this.roots.findIndex(
        ({ header }) => toHex(rootHeaderHash(header)) === toHex(parent.header.prevRootBlockHash),
      );
      const root = this.roots[lowest + Math.floor(random() * (this.roots.length - lowest))];
      const block = this.lab.block(parent.header, root.header);
      const hash = minorHeaderHash(block.header);
      const to = fullShardId === SHARD_A ? SHARD_B : SHARD_A;
      // Before its root block no other shard was there to be told.
      if (root.header.height > 0) {
        const deposits = random() < 0.5 ? [madeUpDeposit(hash, to)] : [];
        this.sends.set(bytesKey(hash), deposits);
        this.#lists.set(`${to}/${bytesKey(hash)}`, encodeDepositList(deposits));
      }
      chain.push(block);
      confirmed.push(block);
    }
    return confirmed;
  }

  #blockSource(): BlockSource {
    const shards = new Map(SIM_SHARDS.map((id) => [id as number, this.#shardSource(id)]));
    const shard = (id: number) => shards.get(id) as ShardSource;
    return {
      kind: "pyquarkchain",
      fullShardIds: SIM_SHARDS,
      hasRootDatabase: true,
      rootFolderName: "master.db",
      shardFolderName: (id) => `shard-${id}.db`,
      rootTipHash: () => undefined,
      rootGenesisHash: () => undefined,
      rootHashHint: () => undefined,
      rootBlocks: () => shard(SHARD_A),
      shard,
      tornLogs: () => [],
      openingNotes: () => [],
      close: () => {},
    };
  }

  #shardSource(fullShardId: number): ShardSource {
    const found = <T>(hash: Hash32): T => {
      const block = this.#byHash.get(bytesKey(hash));
      if (block === undefined) throw new DatabaseDamagedError(`no block ${toHex(hash)}`);
      return block as T;
    };
    const list = (hash: Hash32) => this.#lists.get(`${fullShardId}/${bytesKey(hash)}`);
    const notAsked = () => {
      throw new Error("a replay does not ask for this");
    };
    return {
      fullShardId,
      name: `shard-${fullShardId}.db`,
      hasRootBlock: (hash) => this.#byHash.has(bytesKey(hash)),
      rootBlock: (hash) => found<RootBlock>(hash),
      rootHeader: (hash) => found<RootBlock>(hash).header,
      minorBlock: (hash) => found<MinorBlock>(hash),
      hasMinorBlock: (hash) => this.#byHash.has(bytesKey(hash)),
      minorBlockKey: toHex,
      depositListKey: toHex,
      depositList: (hash) => {
        const encoded = list(hash);
        return encoded && decodeDepositList(encoded);
      },
      isCommitted: () => true,
      canonicalHashAt: notAsked,
      get rows() {
        return notAsked();
      },
    };
  }
}

/** What lasts beyond the end of a process. */
export interface Lasting {
  readonly rows: Map<number, Map<string, Uint8Array>>;
  readonly engines: Map<number, BelievingEngine>;
}

export function nothingYet(database: SimDatabase): Lasting {
  return {
    rows: new Map(SIM_SHARDS.map((id) => [id, new Map()])),
    engines: new Map(SIM_SHARDS.map((id) => [id, new BelievingEngine(database.sends)])),
  };
}

export interface SimWeather {
  readonly engineFails: number;
  readonly writeFails: number;
}

export interface SimOutcome {
  readonly failure: unknown;
  readonly endsWith: number | undefined;
  readonly divergences: readonly FoundDivergence[];
  /** Last step of each shard that is committed. */
  readonly committed: readonly number[];
}

/** One process of a replay: a coordinator, and a host a shard behind channels that keep their order and lose no message. */
export class ReplaySim {
  readonly #database: SimDatabase;
  readonly #scheduler: Scheduler;
  readonly #weather: SimWeather;
  readonly #lasting: Lasting;
  readonly owner = new Owner("replay");
  readonly #plan: StepPlan;
  readonly #lastStep: number;
  outcome: SimOutcome | undefined;

  constructor(database: SimDatabase, scheduler: Scheduler, weather: SimWeather, lasting: Lasting) {
    this.#database = database;
    this.#scheduler = scheduler;
    this.#weather = weather;
    this.#lasting = lasting;
    this.#lastStep = database.roots.length - 1;
    this.#plan = new StepPlan(this.planData, database.source.rootBlocks());
  }

  get planData() {
    const { roots } = this.#database;
    return canonicalPlan(roots.length - 1, (height) => toHex(rootHeaderHash(roots[height].header)));
  }

  begin(): void {
    this.#scheduler.spawn(this.owner, "begin", async () => {
      const { source, config } = this.#database;
      const coordinator = new Coordinator(new RootRules(source, config.quarkchain, this.#plan), this.#lastStep);
      const hosts: HostHandle[] = [];
      for (const id of SIM_SHARDS) hosts.push(await this.#host(id, coordinator));
      const failure = await coordinator.run(hosts).then(
        () => undefined,
        (error: unknown) => error,
      );
      const committed = hosts.flatMap(({ states }) => states.map(({ state }) => state.step));
      this.outcome = { failure, endsWith: coordinator.endsWith, divergences: coordinator.divergences, committed };
    });
  }

  async #host(fullShardId: number, coordinator: Coordinator): Promise<HostHandle> {
    const [toHost, toCoordinator] = [this.#channel("to host"), this.#channel("to coordinator")];
    const events: HostEvents = {
      deliver: (lists) => this.#asked(toCoordinator, toHost, () => coordinator.deliver(lists)),
      completed: (shard, step) => toCoordinator(() => coordinator.completed(shard, step)),
      diverged: (step, divergence, refusal) => toCoordinator(() => coordinator.diverged(step, divergence, refusal)),
    };
    const host = await ShardHost.serve(this.#lastStep, events, [(link) => this.#replay(fullShardId, link)], () => {});
    return {
      hosted: [fullShardId],
      get states() {
        return host.states;
      },
      accept: (lists: readonly SentList[]) => this.#asked(toHost, toCoordinator, () => host.accept(lists)),
      reach: (step) => toHost(() => host.reach(step)),
      endWith: (step) => toHost(() => host.endWith(step)),
      stop: () => toHost(() => host.stop()),
      run: () => this.#asked(toHost, toCoordinator, () => host.run()),
      close: () => host.close(),
    };
  }

  async #replay(fullShardId: number, link: ConstructorParameters<typeof ShardReplay>[0]["link"]) {
    const { owner } = this;
    const { engineFails, writeFails } = this.#weather;
    const rows = new MemoryRows(
      this.#lasting.rows.get(fullShardId),
      () => this.#scheduler.pause(owner, `write ${fullShardId}`, writeFails),
      () => this.#scheduler.pause(owner, `written ${fullShardId}`),
    );
    this.#lasting.rows.set(fullShardId, rows.rows);
    const engine = this.#lasting.engines.get(fullShardId) as BelievingEngine;
    const replay = new ShardReplay({
      fullShardId,
      config: this.#database.config,
      source: this.#database.source,
      plan: this.#plan,
      shards: SIM_SHARDS,
      store: new ClStore(rows, fullShardId),
      storeFolder: `cl-${fullShardId}`,
      engine: engine.over(() => this.#scheduler.pause(owner, `engine ${fullShardId}`, engineFails)),
      link,
      progress: { startBlock: () => {}, finishBlock: () => {}, countDivergence: () => {} },
    });
    return { fullShardId, replay, close: async () => {} };
  }

  /** Messages arrive later, one after the other, in the order in which they were sent. */
  #channel(what: string): (message: () => void) => void {
    const queue: (() => void)[] = [];
    let isPumping = false;
    const pump = async () => {
      isPumping = true;
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await this.#scheduler.pause(this.owner, what);
        next();
      }
      isPumping = false;
    };
    return (message) => {
      queue.push(message);
      if (!isPumping) void pump().catch(() => {});
    };
  }

  /** A question over one channel whose answer comes over the other. */
  #asked(there: Channel, back: Channel, question: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      there(() => {
        question().then(
          () => back(resolve),
          (error: unknown) => back(() => reject(error)),
        );
      });
    });
  }
}

type Channel = (message: () => void) => void;
