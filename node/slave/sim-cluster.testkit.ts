import type { ClusterConfig, SlaveConfig } from "../chain/config.ts";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { encodeMinorBlock, type MinorBlock, type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlock } from "../chain/root-block.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import { reachableShards } from "../cl/shard-neighbors.ts";
import { bytesKey, type Hash32 } from "../codec/bytes.ts";
import { LINK_LIMITS } from "../net/cluster-links.ts";
import { Connection } from "../net/connection.ts";
import { Handlers } from "../net/handlers.ts";
import { LinkError } from "../net/link-error.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import { seededRandom } from "../shard/scheduler.testkit.ts";
import { labConfig, SHARD_A, SHARD_B } from "../shard/shard-lab.testkit.ts";
import { CLUSTER_OPERATIONS, CLUSTER_RPC } from "../wire/cluster-ops.ts";
import type { Rpc } from "../wire/operation.ts";
import type { OpenShard } from "./open-shard.ts";
import { checkAlways, checkAtEnd } from "./sim-checks.testkit.ts";
import { BelievingSimEngine, type Defect, ExecutingSimEngine, type ShardWeather } from "./sim-engine.testkit.ts";
import { SHARD_C, SHARDS, SimHistory } from "./sim-history.testkit.ts";
import { HOSTILE_PEER_ID, HostilePeer } from "./sim-hostile-peer.testkit.ts";
import { executingConfig, mineBlock } from "./sim-mining.testkit.ts";
import { hashesOf, PEER_ID, SimPeer } from "./sim-peer.testkit.ts";
import { PLANNED, type PlannedEvent } from "./sim-plan.testkit.ts";
import { storeOver } from "./sim-rows.testkit.ts";
import { SimDisk, simShard } from "./sim-shard.testkit.ts";
import { SimClock, SimNetwork, SimProcess, simLinks } from "./sim-world.testkit.ts";
import { Slave } from "./slave.ts";

/** Two shards of one slave need no wire between them. */
const SLAVES: readonly SlaveConfig[] = [
  { id: "S0", host: "sim", port: 1, websocketPort: null, fullShardIds: [SHARD_A] },
  { id: "S1", host: "sim", port: 2, websocketPort: null, fullShardIds: [SHARD_B, SHARD_C] },
];

/** How bad the world is. */
export interface Weather extends ShardWeather {
  /** How often a slave is killed, and with it the cluster, and how often its links to other slaves are cut. */
  readonly kills: number;
  readonly cuts: number;
  /** How often a peer does something that no honest one does. */
  readonly hostile: number;
  /** Root height at which shards B and C come to life. */
  readonly bornAt: number;
  /** Whether engines execute, and blocks are what templates make of pools; else they believe blocks that are made up. */
  readonly executes: boolean;
}

interface LiveSlave {
  readonly config: SlaveConfig;
  readonly process: SimProcess;
  readonly slave: Slave;
  readonly connection: Connection<undefined>;
}

/** A shard that is open is not alive yet. */
const SHARD_ABSENT = 74;
/** How long everything may take to end, in milliseconds. */
const LONGEST = 10 * 60_000;

/** Our slaves over simulated disks and links, under the model of a master: one seed, one run. */
export class SimCluster {
  readonly history: SimHistory;
  readonly clock: SimClock;
  weather: Weather;
  readonly disks: ReadonlyMap<number, SimDisk>;
  readonly open = new Map<number, OpenShard>();
  /** Transactions that the pool of a shard has to hold, by the shard. */
  readonly requeued = new Map<number, Map<string, TypedTransaction>>();
  readonly lines: string[] = [];
  /** Blocks that the master wanted fetched, and those that the other cluster was asked for. */
  fetched = 0;
  served = 0;
  lives = 0;
  readonly cluster: ClusterConfig;
  readonly #network: SimNetwork;
  readonly #defect: Defect | undefined;
  readonly #failures: unknown[] = [];
  readonly #plan: readonly PlannedEvent[];
  /** Root blocks that every slave has acknowledged are before this place. */
  #acknowledged = 1;
  /** Whether a shard may refuse what is right. */
  readonly mayFail: boolean;
  #slaves: LiveSlave[] = [];
  #peer: SimPeer;
  #hostile: HostilePeer;
  #isUp = false;
  #owed = 0;

  constructor(seed: number, weather: Weather, plan: readonly PlannedEvent[], defect?: Defect) {
    const rules = weather.executes ? executingConfig(weather.bornAt) : labConfig(weather.bornAt);
    const config = { ...rules, disablePowCheck: true };
    this.clock = new SimClock(seededRandom(seed));
    this.history = new SimHistory(config, this.clock.random);
    this.weather = weather;
    this.#plan = plan;
    this.#defect = defect;
    this.mayFail = weather.engineFails + weather.writeFails > 0;
    const cluster = readFixtureConfig("varied.json");
    const pool = { transactions: 100, minGasPrice: 0n, minMiningGasPrice: 0n };
    this.cluster = {
      ...{ ...cluster, slaves: SLAVES, quarkchain: config },
      operation: weather.executes ? { ...cluster.operation, pool } : cluster.operation,
    };
    this.#network = new SimNetwork(this.clock);
    this.disks = new Map(SHARDS.map((id) => [id, new SimDisk(this.#newEngine(id))]));
    this.#peer = this.#newPeer();
    this.#hostile = this.#newHostilePeer();
  }

  /** Everything that happens, to the end. Throws what is found to be wrong. */
  async run(): Promise<void> {
    this.#start();
    const actions: Readonly<Record<PlannedEvent["what"], () => void>> = {
      mine: () => this.#mine(),
      "peer mines": () => this.#peerMines(),
      "root block": () => this.#makeRoot(),
      cut: () => this.#cut(),
      kill: () => this.#kill(),
      hostile: () => this.#strike(),
    };
    for (const { at, what } of this.#plan) this.clock.after(at, () => this.#task(async () => actions[what]()));
    this.clock.after(PLANNED, () => this.#calm());
    for (let steps = 0; await this.clock.step(LONGEST); steps++) {
      if (this.#failures.length > 0) throw this.#failures[0];
      if (steps % 40 === 0) checkAlways(this);
      if (this.clock.now() > 2 * PLANNED && this.#isDone) break;
    }
    if (this.#failures.length > 0) throw this.#failures[0];
    if (!this.#isDone) throw new Error(`after ${this.clock.now()} ms ${this.#owed} requests are not answered yet`);
    checkAlways(this);
    await checkAtEnd(this);
    for (const { process } of this.#slaves) process.kill();
  }

  get #isDone(): boolean {
    const isQuiet = this.#isUp && this.#owed === 0 && this.#acknowledged === this.history.roots.length;
    // What an engine's failure left untold is told when somebody comes by it, which for a side block may be never.
    if (this.mayFail) return isQuiet;
    return isQuiet && [...this.disks.values()].every(({ rows }) => ![...rows.keys()].some((key) => isUnfinished(key)));
  }

  /** What throws ends the run. */
  #task(task: () => Promise<unknown>): void {
    task().catch((error: unknown) => this.#failures.push(error));
  }

  /** Nothing fails any more, and each shard gets one more block: what was left untold is told as somebody comes by it. */
  #calm(): void {
    this.weather = { ...this.weather, engineFails: 0, writeFails: 0 };
    for (const fullShardId of SHARDS) this.#mine(fullShardId);
  }

  // The cluster's life.

  #start(): void {
    this.lives++;
    this.open.clear();
    this.requeued.clear();
    this.#peer = this.#newPeer();
    this.#hostile = this.#newHostilePeer();
    const master = new SimProcess("master", this.clock);
    this.#slaves = SLAVES.map((config) => this.#startSlave(config, master));
    const slaves = this.#slaves;
    for (const { connection, slave } of slaves) {
      connection.closed.then(() => this.#restart(slaves));
      slave.ended.then(() => this.#restart(slaves));
    }
    this.#task(() => this.#unlessOver(slaves, () => this.#bringUp(slaves)));
  }

  #newEngine(fullShardId: number): BelievingSimEngine | ExecutingSimEngine {
    const { lab, sends } = this.history;
    if (this.weather.executes) return new ExecutingSimEngine(lab.config, fullShardId, sends);
    return new BelievingSimEngine(sends, this.#defect);
  }

  #newPeer(): SimPeer {
    return new SimPeer({
      blocks: this.history.blocks,
      rootTip: () => this.history.bestRoot.header,
      send: (frame) => this.#slaveOf(frame.branch)?.connection.send(frame),
    });
  }

  #newHostilePeer(): HostilePeer {
    return new HostilePeer({
      blocks: this.history.blocks,
      rootTip: () => this.history.bestRoot.header,
      send: (frame) => this.#slaveOf(frame.branch)?.connection.send(frame),
      random: () => this.clock.random(),
    });
  }

  #startSlave(config: SlaveConfig, master: SimProcess): LiveSlave {
    const process = new SimProcess(config.id, this.clock);
    const slave = new Slave({
      cluster: this.cluster,
      self: config,
      log: (level, line) => this.lines.push(`${this.clock.now()} ${config.id} ${level} ${line}`),
      links: { transport: this.#network.transportOf(process), clock: process },
      openShard: (fullShardId, api) =>
        simShard(
          {
            ...{ cluster: this.cluster, fullShardId, process, weather: () => this.weather, defect: this.#defect },
            disk: this.disks.get(fullShardId) as SimDisk,
            opened: (shard) => this.#opened(fullShardId, shard),
          },
          api,
        ),
    });
    const [theirs, ours] = simLinks(this.clock, [master, process]);
    slave.accept(ours);
    this.#network.listen(`${config.host}:${config.port}`, process, (link) => slave.accept(link));
    const connection = new Connection<undefined>({
      ...{ link: theirs, name: config.id, caller: undefined, metadataBytes: 12, operations: CLUSTER_OPERATIONS },
      ...{ handlers: this.#masterHandlers(), limits: LINK_LIMITS.master, clock: master, log: () => {} },
      route: (frame) => {
        if (frame.clusterPeerId === 0n) return false;
        if (frame.clusterPeerId === HOSTILE_PEER_ID) this.#hostile.receive(frame);
        else this.served += this.#peer.receive(frame);
        return true;
      },
    });
    return { config, process, slave, connection };
  }

  /** As master.py does it: everybody is known, everybody is linked, shards come to life, what was not acknowledged comes again. */
  async #bringUp(slaves: readonly LiveSlave[]): Promise<void> {
    const infos = slaves.map(({ config: { id, host, port, fullShardIds } }) => ({ id, host, port, fullShardIds }));
    for (const slave of slaves)
      await this.#ask(slave, CLUSTER_RPC.ping, { id: "", fullShardIds: [], rootTip: undefined });
    for (const slave of slaves) {
      const { results } = await this.#ask(slave, CLUSTER_RPC.connectToSlaves, { slaves: infos });
      // The master gives up, and somebody starts it again.
      if (results.some((text) => text !== "")) return this.#restart(slaves);
    }
    const known = this.history.roots.slice(0, this.#acknowledged);
    const rootTip = known.reduce((a, b) => (b.header.totalDifficulty > a.header.totalDifficulty ? b : a));
    await Promise.all(slaves.map((slave) => this.#ask(slave, CLUSTER_RPC.ping, { id: "", fullShardIds: [], rootTip })));
    for (const slave of slaves) {
      await this.#ask(slave, CLUSTER_RPC.createClusterPeerConnection, { clusterPeerId: PEER_ID });
    }
    this.#isUp = true;
    for (const root of this.history.roots.slice(this.#acknowledged)) this.#task(() => this.#send(root));
  }

  /** One slave's end is the master's, and so everybody's: those that live on leave their stores in order. */
  #restart(slaves: readonly LiveSlave[]): void {
    if (this.#slaves !== slaves) return;
    this.#slaves = [];
    this.#isUp = false;
    this.#task(async () => {
      for (const { connection } of slaves) connection.close(new LinkError("closed", "the master ends"));
      await Promise.all(
        slaves.map(async ({ slave, process }) => {
          if (!process.isDead && this.clock.random() < 0.5) await slave.close("the master is gone");
          if (!process.isDead) this.#killProcess(process);
        }),
      );
      this.#start();
    });
  }

  #kill(): void {
    if (this.#slaves.length > 0) this.#killProcess(this.#pick(this.#slaves).process);
  }

  #killProcess(process: SimProcess): void {
    process.kill();
    const config = SLAVES.find(({ id }) => id === process.name) as SlaveConfig;
    for (const id of config.fullShardIds) this.disks.get(id)?.engine.killed();
  }

  #cut(): void {
    if (this.#slaves.length === 0) return;
    // The first is the master's.
    for (const link of this.#slaves[0].process.openLinks.slice(1)) link.cut();
  }

  #opened(fullShardId: number, shard: OpenShard): void {
    this.open.set(fullShardId, shard);
    const owed = new Map<string, TypedTransaction>();
    this.requeued.set(fullShardId, owed);
    const transactionsOf = (hash: Hash32) => this.history.blockOf(hash).transactions;
    shard.outlets.onMove(({ leaving, joining }) => {
      for (const { hash } of leaving) for (const each of transactionsOf(hash)) owed.set(bytesKey(each.hash), each);
      for (const { hash } of joining) for (const each of transactionsOf(hash)) owed.delete(bytesKey(each.hash));
    });
  }

  // What miners do.

  #mine(fullShardId = this.#pick(SHARDS)): void {
    const shard = this.open.get(fullShardId);
    const snapshot = shard?.chain.snapshot;
    if (shard === undefined || snapshot === undefined || !this.#isUp) {
      if (this.clock.now() < 2 * PLANNED) this.#later(() => this.#mine(fullShardId));
      return;
    }
    const [slave, slaves] = [this.#slaveOf(fullShardId), this.#slaves];
    this.#task(async () => {
      const block = await this.#newBlock(shard, snapshot, snapshot.headBlock.header);
      // The same block comes twice at once.
      for (let i = this.clock.random() < 0.3 ? 2 : 1; i > 0; i--) {
        this.#task(() => this.#unlessOver(slaves, () => this.#submit(slave, shard, block)));
      }
    });
  }

  async #newBlock(shard: OpenShard, snapshot: ChainSnapshot, parent: MinorBlockHeader): Promise<MinorBlock> {
    if (!this.weather.executes) return this.history.newBlock(shard.chain.fullShardId, snapshot, parent);
    const block = await mineBlock(shard, this.clock.random);
    this.history.keep(block);
    return block;
  }

  async #submit(slave: LiveSlave, shard: OpenShard, block: MinorBlock): Promise<void> {
    // Others may be faster meanwhile.
    if (this.weather.executes) await slave.process.pause("mining");
    const { errorCode } = await this.#ask(slave, CLUSTER_RPC.addMinorBlock, { block: encodeMinorBlock(block) });
    const isVisible = errorCode !== SHARD_ABSENT;
    if (errorCode !== 0 && isVisible && !this.mayFail) {
      throw new Error(`a valid block is refused: ${errorCode} ${whyRefused(shard, block)}`);
    }
  }

  // What another cluster does.

  /** Blocks of its own on our head: pushed, announced, or named by the master, which wants them fetched. */
  #peerMines(): void {
    const shard = this.open.get(this.#pick(SHARDS));
    const snapshot = shard?.chain.snapshot;
    if (shard === undefined || snapshot === undefined || !this.#isUp) return void this.#later(() => this.#peerMines());
    const { fullShardId } = shard.chain;
    this.#task(async () => {
      const blocks: MinorBlock[] = [];
      // A template is made on the head only.
      const most = this.weather.executes ? 1 : 4;
      for (let more = 1 + Math.floor(this.clock.random() * most); more > 0; more--) {
        blocks.push(await this.#newBlock(shard, snapshot, blocks.at(-1)?.header ?? snapshot.headBlock.header));
      }
      this.#offer(fullShardId, blocks);
    });
  }

  #offer(fullShardId: number, blocks: readonly MinorBlock[]): void {
    if (!this.#isUp) return;
    const what = this.clock.random();
    if (what < 0.4) for (const block of blocks) this.#peer.push(block);
    else if (what < 0.7) this.#peer.announce((blocks.at(-1) as MinorBlock).header);
    else this.#task(() => this.#syncList(fullShardId, hashesOf(blocks)));
  }

  /** A lie about a block that would be right, or that is there; the master may even ask for it, and connects the liar again. */
  #strike(): void {
    const shard = this.open.get(this.#pick(SHARDS));
    const snapshot = shard?.chain.snapshot;
    if (shard === undefined || snapshot === undefined || !this.#isUp) return void this.#later(() => this.#strike());
    const { fullShardId } = shard.chain;
    const slave = this.#slaveOf(fullShardId);
    const block = this.history.blockOn(snapshot.headBlock.header, this.history.rootOf(snapshot.rootTip.hash));
    this.#task(() =>
      this.#unlessOver(this.#slaves, async () => {
        await this.#ask(slave, CLUSTER_RPC.createClusterPeerConnection, { clusterPeerId: HOSTILE_PEER_ID });
        for (let i = 0; i < 3; i++) this.#hostile.strike(block);
        const wanted = { hashes: hashesOf([block]), branch: fullShardId, clusterPeerId: HOSTILE_PEER_ID };
        const { errorCode } = await this.#ask(slave, CLUSTER_RPC.syncMinorBlockList, wanted);
        if (errorCode === 0) throw new Error("a block that nobody has was synced");
      }),
    );
  }

  /** Whatever the master asks for it knows afterwards. */
  async #syncList(fullShardId: number, hashes: readonly Hash32[]): Promise<void> {
    const message = { hashes, branch: fullShardId, clusterPeerId: PEER_ID };
    await this.#unlessOver(this.#slaves, async () => {
      const { errorCode } = await this.#ask(this.#slaveOf(fullShardId), CLUSTER_RPC.syncMinorBlockList, message);
      if (errorCode === 0) {
        this.fetched += hashes.length;
        if (hashes.some((hash) => !this.history.reported.has(bytesKey(hash))))
          throw new Error("what was synced is not reported");
      } else if (errorCode !== SHARD_ABSENT && !this.mayFail) {
        throw new Error(`SYNC_MINOR_BLOCK_LIST fails: ${this.lines.slice(-3).join("\n")}`);
      }
    });
  }

  #slaveOf(fullShardId: number): LiveSlave {
    return this.#slaves.find(({ config }) => config.fullShardIds.includes(fullShardId)) as LiveSlave;
  }

  // What the master does.

  #masterHandlers(): Handlers<undefined> {
    const times = { targetRootBlockTime: 60, targetMinorBlockTime: 10 };
    return new Handlers<undefined>()
      .answer(CLUSTER_RPC.addMinorBlockHeader, ({ header }) => {
        this.#isReported(minorHeaderHash(header));
        return { errorCode: 0, artificialTxConfig: times };
      })
      .answer(CLUSTER_RPC.addMinorBlockHeaderList, ({ headers }) => {
        for (const header of headers) this.#isReported(minorHeaderHash(header));
        return { errorCode: 0 };
      });
  }

  /** O1, and that no header comes before its parent's. */
  #isReported(hash: Hash32): void {
    try {
      const block = this.history.blockOf(hash);
      const { branch, height, prevMinorBlockHash, prevRootBlockHash } = block.header;
      const rootHeight = this.history.rootOf(prevRootBlockHash).header.height;
      for (const [to, { rows }] of this.disks) {
        if (to === branch || height === 0 || !reachableShards(this.history.lab.config, branch, rootHeight).has(to))
          continue;
        const list = storeOver(rows, to).encodedDepositList(hash);
        if (list === undefined) throw new Error(`block ${height} of ${branch} is reported before ${to} has its list`);
      }
      if (height > 0 && !this.history.reported.has(bytesKey(prevMinorBlockHash))) {
        throw new Error(`block ${height} of ${branch} is reported before its parent`);
      }
      this.history.reported.set(bytesKey(hash), block);
    } catch (error) {
      this.#failures.push(error);
    }
  }

  #makeRoot(): void {
    if (!this.#isUp) return void this.#later(() => this.#makeRoot());
    // It is the master's own from here on, whatever becomes of the slaves.
    const root = this.history.newRoot();
    this.#task(() => this.#send(root));
  }

  /** To all slaves; frames of one link keep their order, so a root block comes behind its parent. */
  async #send(root: RootBlock): Promise<void> {
    // Between two lives there is nobody who could acknowledge it.
    if (!this.#isUp) return this.#later(() => this.#task(() => this.#send(root)));
    await this.#unlessOver(this.#slaves, async () => {
      const answers = await Promise.all(
        this.#slaves.map((slave) =>
          this.#ask(slave, CLUSTER_RPC.addRootBlock, { rootBlock: root, expectSwitch: false }),
        ),
      );
      if (answers.some(({ errorCode }) => errorCode !== 0)) {
        if (!this.mayFail) {
          throw new Error(`root block ${root.header.height} is refused: ${this.lines.slice(-3).join("\n")}`);
        }
        return this.#later(() => this.#task(() => this.#send(root)));
      }
      if (this.history.roots[this.#acknowledged] === root) this.#acknowledged++;
      else this.#later(() => this.#task(() => this.#send(root)));
    });
  }

  async #ask<Request, Response>(
    { connection }: LiveSlave,
    rpc: Rpc<Request, Response>,
    message: Request,
  ): Promise<Response> {
    this.#owed++;
    try {
      return await connection.channel.request(rpc, message);
    } finally {
      this.#owed--;
    }
  }

  /** What the end of a cluster's life breaks off is no failure. */
  async #unlessOver(slaves: readonly LiveSlave[], action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (this.#slaves === slaves && !(error instanceof LinkError)) throw error;
    }
  }

  #later(action: () => void): void {
    this.clock.after(100, action);
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.clock.random() * items.length)];
  }
}

function whyRefused({ chain }: OpenShard, block: MinorBlock): string {
  const refusal = chain.refusalOf(block, {});
  if (refusal?.reason !== "invalid") return refusal?.reason ?? "by what it executes to";
  return refusal.verdict.violations.map(({ message }) => message).join("; ");
}

function isUnfinished(key: string): boolean {
  return key.startsWith("qkc_open_");
}
