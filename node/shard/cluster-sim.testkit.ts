import type { CrossShardDeposit } from "../chain/deposit.ts";
import { encodeDepositList } from "../chain/deposit.ts";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../chain/root-block.ts";
import { asAddress, asHash32, bytesEqual, bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import type { ExecutedBlock } from "./block-judge.ts";
import type { ChainSnapshot } from "./chain-types.ts";
import { RootIndex } from "./root-chains.ts";
import { Owner, type Scheduler, SimulatedFailure } from "./scheduler.testkit.ts";
import { ShardChain } from "./shard-chain.ts";
import { BelievingEngine, Lab, MemoryRows, SHARD_A, SHARD_B } from "./shard-lab.testkit.ts";
import { ClBatch } from "./store/cl-batch.ts";
import { ClStore } from "./store/cl-store.ts";

const NOW = 1e10;
const SHARDS = [SHARD_A, SHARD_B] as const;

/** How bad the world is. */
export interface Weather {
  readonly engineFails: number;
  readonly writeFails: number;
  readonly deliveryFails: number;
  /** Chance of a crash of some shard between two steps. */
  readonly crashes: number;
}

/** One shard's process: dies with everything it was about to do, and is started again on its rows. */
class SimShard {
  readonly fullShardId: number;
  owner: Owner;
  rows: MemoryRows;
  chain: ShardChain;
  readonly engine: BelievingEngine;
  readonly #sim: ClusterSim;
  /** Blocks that somebody tells of right now. */
  readonly telling = new Set<string>();

  constructor(sim: ClusterSim, fullShardId: number) {
    this.#sim = sim;
    this.fullShardId = fullShardId;
    this.owner = new Owner(`shard ${fullShardId}`);
    this.engine = new BelievingEngine(sim.sends);
    this.rows = this.#newRows(new Map());
    this.chain = this.#open();
  }

  /** Whoever is asked for something by a process that died in the meantime never answers. */
  async alive<T>(answer: Promise<T>): Promise<T> {
    const { owner } = this;
    const value = await answer.catch((error: unknown) => {
      if (owner.isDead) return new Promise<never>(() => {});
      throw error;
    });
    return owner.isDead ? await new Promise<never>(() => {}) : value;
  }

  restart(): void {
    this.#sim.scheduler.kill(this.owner);
    this.owner = new Owner(`shard ${this.fullShardId}`);
    this.rows = this.#newRows(this.rows.rows);
    this.telling.clear();
    this.chain = this.#open();
    const { owner } = this;
    this.#sim.scheduler.spawn(owner, "start", async () => {
      await this.#sim.insist(owner, () => this.chain.recover());
      for (const { hash } of await this.chain.unfinished()) {
        await this.#sim.tell(this, await this.#sim.insist(owner, () => this.chain.finish(hash)));
      }
      this.#sim.resendRoots(this);
    });
  }

  #newRows(rows: Map<string, Uint8Array>): MemoryRows {
    const { owner } = this;
    const { scheduler, weather } = this.#sim;
    return new MemoryRows(
      rows,
      () => scheduler.pause(owner, "write", weather.writeFails),
      () => scheduler.pause(owner, "written"),
    );
  }

  #open(): ShardChain {
    const store = new ClStore(this.rows, this.fullShardId);
    const { owner } = this;
    const link = () => this.#sim.scheduler.pause(owner, "engine", this.#sim.weather.engineFails);
    return ShardChain.open({
      config: this.#sim.lab.config,
      store,
      roots: new RootIndex(store),
      engine: this.engine.over(link),
      keepsHistory: true,
      clock: () => 1000,
    });
  }
}

/** Two shards, their engines, a master and miners, every wait of which the scheduler decides on. */
export class ClusterSim {
  readonly lab = new Lab();
  readonly sends = new Map<string, readonly CrossShardDeposit[]>();
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly shards: ReadonlyMap<number, SimShard>;
  /** Headers that the master was told, by hash. */
  readonly reported = new Map<string, MinorBlock>();
  readonly #master = new Owner("master");
  readonly #roots: RootBlock[];
  readonly #blocks = new Map<string, MinorBlock>();
  /** Root blocks that a shard still has to take. */
  readonly #owedRoots = new Map<number, RootBlock[]>();
  /** Blocks that became part of a shard, each once for ever. */
  readonly added = new Set<string>();
  mined = 0;

  constructor(scheduler: Scheduler, weather: Weather) {
    this.scheduler = scheduler;
    this.weather = weather;
    this.#roots = [this.lab.rootGenesis];
    this.shards = new Map(SHARDS.map((id) => [id, new SimShard(this, id)]));
    for (const id of SHARDS) {
      this.#owedRoots.set(id, []);
      this.#offerRoot(id, this.lab.rootGenesis);
    }
  }

  /** Miners and master do so much, in whatever order. */
  begin(blocks: number, roots: number): void {
    for (let i = 0; i < blocks; i++) {
      this.scheduler.spawn(this.#master, "mine", () => this.#mine(this.#someShard()));
    }
    for (let i = 0; i < roots; i++) this.scheduler.spawn(this.#master, "root block", () => this.#makeRoot());
  }

  crashSometimes(): void {
    if (this.scheduler.chance(this.weather.crashes)) this.#someShard().restart();
  }

  /** Repeats what fails; a chain that broke is opened again. */
  async insist<T>(owner: Owner, action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (!isSimulated(error)) throw error;
        const shard = [...this.shards.values()].find((each) => each.owner === owner);
        if (shard?.chain.isBroken) {
          shard.restart();
          return await new Promise<never>(() => {});
        }
        await this.scheduler.pause(owner, "again");
      }
    }
  }

  /** Lists to every destination, header to the master, commit: O1, in this order. */
  async tell(shard: SimShard, executed: ExecutedBlock): Promise<void> {
    const { owner, chain } = shard;
    const key = bytesKey(executed.hash);
    if (shard.telling.has(key) || chain.statusOf(executed.hash) === "committed") return;
    shard.telling.add(key);
    for (const [destination, deposits] of executed.sends) {
      const target = this.shards.get(destination);
      if (target === undefined) continue;
      const list = { sourceMinorHash: executed.hash, encoded: encodeDepositList(deposits) };
      await this.#retry(owner, async () => {
        await this.scheduler.pause(owner, "deliver", this.weather.deliveryFails);
        const { chain: receiver, owner: receiverOwner } = target;
        await receiver.receive([list]);
        // It died before it could acknowledge.
        if (receiverOwner.isDead) throw new SimulatedFailure("deliver failed");
      });
    }
    await this.#retry(owner, () => this.scheduler.pause(owner, "report", this.weather.deliveryFails));
    this.#assertTold(shard, executed);
    this.reported.set(key, executed.block);
    await this.insist(owner, () => chain.commit([executed.hash]));
    shard.telling.delete(key);
  }

  resendRoots({ fullShardId }: SimShard): void {
    for (const root of this.#roots) this.#offerRoot(fullShardId, root);
  }

  async #mine(shard: SimShard): Promise<void> {
    const { chain, owner } = shard;
    const { snapshot } = chain;
    if (snapshot === undefined) {
      // The genesis block is still on its way.
      this.scheduler.spawn(this.#master, "mine", () => this.#mine(shard));
      return;
    }
    const block = this.#newBlock(shard, snapshot);
    this.#blocks.set(bytesKey(minorHeaderHash(block.header)), block);
    this.mined++;
    // The same block comes from several sides at once.
    const sides = this.scheduler.chance(0.3) ? 2 : 1;
    for (let i = 0; i < sides; i++) this.scheduler.spawn(owner, "add", () => this.#add(shard, block));
  }

  async #add(shard: SimShard, block: MinorBlock): Promise<void> {
    const { owner, chain } = shard;
    const [outcome] = await this.insist(owner, () => shard.alive(chain.addBlocks([block], { now: NOW })));
    if (outcome.status === "added") {
      const key = bytesKey(outcome.executed.hash);
      if (this.added.has(key)) throw new Error(`block ${toHex(outcome.executed.hash)} was added twice`);
      this.added.add(key);
      await this.tell(shard, outcome.executed);
    } else if (outcome.status === "refused" && outcome.reason === "invalid") {
      const { violations, differences } = outcome.verdict;
      throw new Error(`a valid block is refused: ${JSON.stringify([violations, differences])}`);
    }
  }

  /** On the head mostly, on any other block sometimes; a side block names its parent's root block. */
  #newBlock({ fullShardId, chain }: SimShard, { headBlock, rootTip }: ChainSnapshot): MinorBlock {
    const others = [...this.#blocks.values()].filter(
      ({ header }) => header.branch === fullShardId && chain.statusOf(minorHeaderHash(header)) !== "unknown",
    );
    const onSide = others.length > 0 && this.scheduler.chance(0.25);
    const parent = onSide ? this.scheduler.pick(others) : headBlock;
    const rootHash = onSide || this.scheduler.chance(0.2) ? parent.header.prevRootBlockHash : rootTip.hash;
    const root = this.#roots.find(({ header }) => bytesEqual(rootHeaderHash(header), rootHash)) as RootBlock;
    const block = this.lab.block(parent.header, root.header);
    const hash = minorHeaderHash(block.header);
    const to = fullShardId === SHARD_A ? SHARD_B : SHARD_A;
    if (root.header.height > 0 && this.scheduler.chance(0.5)) this.sends.set(bytesKey(hash), [madeUpDeposit(hash, to)]);
    return block;
  }

  /** Confirms some of what was reported, on the heaviest root block or on another one. */
  async #makeRoot(): Promise<void> {
    const parent = this.scheduler.chance(0.7) ? (this.#roots.at(-1) as RootBlock) : this.scheduler.pick(this.#roots);
    const confirmed = SHARDS.flatMap((id) => this.#confirmable(id, parent));
    const root = this.lab.root(parent.header, confirmed, 40 + Math.floor(this.scheduler.random() * 40));
    this.#roots.push(root);
    this.#roots.sort((a, b) => (a.header.totalDifficulty < b.header.totalDifficulty ? -1 : 1));
    for (const id of SHARDS) this.#offerRoot(id, root);
  }

  /** Reported blocks of a shard that follow what a root block confirms, and stand on its chain. */
  #confirmable(fullShardId: number, parent: RootBlock): MinorBlock[] {
    const chain = this.#rootChain(parent);
    let last: Hash32 | undefined;
    for (const root of chain) {
      const own = root.minorHeaders.filter(({ branch }) => branch === fullShardId).at(-1);
      if (own === undefined) continue;
      last = minorHeaderHash(own);
      break;
    }
    const confirmed: MinorBlock[] = [];
    for (let most = Math.floor(this.scheduler.random() * 4); most > 0; most--) {
      const next = [...this.reported.values()].find(
        ({ header }) =>
          header.branch === fullShardId &&
          (last === undefined
            ? header.height === 0
            : header.height > 0 && bytesEqual(header.prevMinorBlockHash, last)) &&
          chain.some((root) => bytesEqual(rootHeaderHash(root.header), header.prevRootBlockHash)),
      );
      if (next === undefined) break;
      confirmed.push(next);
      last = minorHeaderHash(next.header);
    }
    return confirmed;
  }

  #rootChain(tip: RootBlock): RootBlock[] {
    const chain = [tip];
    for (let at = tip; at.header.height > 0; chain.push(at)) {
      const { prevBlockHash } = at.header;
      at = this.#roots.find(({ header }) => bytesEqual(rootHeaderHash(header), prevBlockHash)) as RootBlock;
    }
    return chain;
  }

  #offerRoot(fullShardId: number, root: RootBlock): void {
    const shard = this.shards.get(fullShardId) as SimShard;
    const { owner, chain } = shard;
    this.scheduler.spawn(owner, "root block", async () => {
      for (;;) {
        const outcome = await this.insist(owner, () => shard.alive(chain.addRootBlock(root)));
        if (outcome.status === "known") return;
        if (outcome.status === "added") {
          if (outcome.genesis !== undefined) {
            this.#blocks.set(bytesKey(outcome.genesis.hash), outcome.genesis.block);
            await this.tell(shard, outcome.genesis);
          }
          return;
        }
        // What it confirms was reported, and reported is what is here and told: only its parent can still be on its way.
        if (outcome.reason !== "parent-unknown") throw new Error(`root block refused: ${outcome.reason}`);
        await this.scheduler.pause(owner, "root block again");
      }
    });
  }

  async #retry(owner: Owner, action: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (!isSimulated(error)) throw error;
        await this.scheduler.pause(owner, "again");
      }
    }
  }

  #assertTold({ fullShardId }: SimShard, { hash, sends }: ExecutedBlock): void {
    for (const destination of sends.keys()) {
      const target = this.shards.get(destination);
      if (target === undefined) continue;
      const list = new ClStore(target.rows, destination).encodedDepositList(hash);
      if (list === undefined) throw new Error(`block of ${fullShardId} is reported before ${destination} has its list`);
    }
  }

  #someShard(): SimShard {
    return this.scheduler.pick([...this.shards.values()]);
  }
}

/** A store wraps what its rows throw. */
function isSimulated(error: unknown): boolean {
  return error instanceof SimulatedFailure || (error instanceof Error && error.cause instanceof SimulatedFailure);
}

/** A transfer that nobody ever made. */
export function madeUpDeposit(txHash: Hash32, to: number): CrossShardDeposit {
  const address = asAddress(keccak256(txHash).slice(12));
  return {
    txHash: asHash32(keccak256(txHash)),
    from: { recipient: address, fullShardKey: to },
    to: { recipient: address, fullShardKey: to },
    value: 1n,
    gasPrice: 0n,
    gasTokenId: 35760n,
    transferTokenId: 35760n,
    gasRemained: 0n,
    messageData: new Uint8Array(0),
    createContract: false,
    isFromRootChain: false,
    refundRate: 100,
  };
}

/** What holds between any two steps. */
export function checkAlways(sim: ClusterSim): void {
  for (const { chain, rows, fullShardId, engine } of sim.shards.values()) {
    const store = new ClStore(rows, fullShardId);
    for (const hash of committedIn(rows)) {
      if (!store.hasMinorBlock(hash)) throw new Error(`marker without rows: ${toHex(hash)}`);
      if (!engine.held.has(bytesKey(hash))) throw new Error(`marker without body: ${toHex(hash)}`);
    }
    const { snapshot } = chain;
    if (snapshot === undefined) continue;
    if (chain.statusOf(snapshot.head.hash) === "unknown") throw new Error("the head is no executed block");
    if (!isUnder(chain, snapshot.confirmed?.hash, snapshot.head.hash))
      throw new Error("the head left what is confirmed");
    for (let height = 0, at = snapshot.head; ; height++) {
      const indexed = chain.hashAt(at.height);
      if (indexed === undefined || !bytesEqual(indexed, at.hash)) throw new Error(`the index differs at ${at.height}`);
      if (at.height === 0) break;
      at = chain.blocks.ref(at.prevMinorBlockHash);
      if (height > 1000) throw new Error("endless");
    }
    if (chain.hashAt(snapshot.head.height + 1) !== undefined) throw new Error("the index goes on above the head");
  }
}

/** What holds when everything that was begun has come to its end, and engines that lag were told the head. */
export async function checkAtEnd(sim: ClusterSim): Promise<void> {
  for (const { chain, rows, engine, fullShardId } of sim.shards.values()) {
    const { snapshot } = chain;
    if (snapshot === undefined) throw new Error("the shard never came to life");
    if (!chain.engineLags && !bytesEqual(engine.head, snapshot.head.hash))
      throw new Error("the engine stands elsewhere");
    const left = await chain.unfinished();
    if (left.length > 0)
      throw new Error(`${left.length} blocks are unfinished: shard ${fullShardId} ${left.map(({ height }) => height)}`);
    const store = new ClStore(rows, fullShardId);
    for (const key of engine.held.keys()) {
      const hash = asHash32(Uint8Array.from(key, (c) => c.charCodeAt(0)));
      if (store.hasMinorBlock(hash) && !sim.reported.has(key)) throw new Error("a stored block was never reported");
    }
    for (const [key, times] of engine.executions)
      if (times !== 1) throw new Error(`block ${key} was executed ${times} times`);
    expectSameIndex(chain, rows, snapshot);
  }
}

/** The index rows are those of the canonical chain and no others, however it came about. */
function expectSameIndex(chain: ShardChain, rows: MemoryRows, snapshot: ChainSnapshot): void {
  const batch = new ClBatch();
  for (let at = snapshot.head; ; at = chain.blocks.ref(at.prevMinorBlockHash)) {
    batch.index(chain.blocks.indexed(at.hash));
    if (at.height === 0) break;
  }
  const wanted = batch.operations.map(({ key }) => bytesKey(key)).sort();
  const there = [...rows.rows.keys()].filter((key) => /^(?:mi_|txindex_|index_)/.test(key)).sort();
  if (JSON.stringify(wanted) === JSON.stringify(there)) return;
  throw new Error(`index rows differ: ${there.length} are there, ${wanted.length} belong there`);
}

function committedIn(rows: MemoryRows): Hash32[] {
  const prefix = "commit_";
  return [...rows.rows.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => asHash32(Uint8Array.from(key.slice(prefix.length), (c) => c.charCodeAt(0))));
}

function isUnder({ blocks }: ShardChain, ancestor: Hash32 | undefined, hash: Hash32): boolean {
  if (ancestor === undefined) return true;
  const { height } = blocks.ref(ancestor);
  let at = blocks.ref(hash);
  while (at.height > height) at = blocks.ref(at.prevMinorBlockHash);
  return bytesEqual(at.hash, ancestor);
}
