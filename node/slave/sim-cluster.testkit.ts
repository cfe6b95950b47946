import type { ClusterConfig, SlaveConfig } from "../chain/config.ts";
import type { CrossShardDeposit } from "../chain/deposit.ts";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { merkleRoot } from "../chain/merkle-root.ts";
import {
  encodeMinorBlock,
  type MinorBlock,
  type MinorBlockHeader,
  minorHeaderHash,
  minorMetaHash,
} from "../chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../chain/root-block.ts";
import { sign, wrap } from "../chain/signing.testkit.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import { reachableShards } from "../cl/shard-neighbors.ts";
import { bytesEqual, bytesKey, type Hash32, toHex, ZERO_ADDRESS } from "../codec/bytes.ts";
import { LINK_LIMITS } from "../net/cluster-links.ts";
import { Connection } from "../net/connection.ts";
import { Handlers } from "../net/handlers.ts";
import { LinkError } from "../net/link-error.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import { madeUpDeposit } from "../shard/cluster-sim.testkit.ts";
import { seededRandom } from "../shard/scheduler.testkit.ts";
import { Lab, labConfig, SHARD_A, SHARD_B } from "../shard/shard-lab.testkit.ts";
import { CLUSTER_OPERATIONS, CLUSTER_RPC } from "../wire/cluster-ops.ts";
import type { Rpc } from "../wire/operation.ts";
import type { OpenShard } from "./open-shard.ts";
import { checkAlways, checkAtEnd } from "./sim-checks.testkit.ts";
import { HOSTILE_PEER_ID, HostilePeer } from "./sim-hostile-peer.testkit.ts";
import { hashesOf, PEER_ID, SimPeer } from "./sim-peer.testkit.ts";
import { PLANNED, type PlannedEvent } from "./sim-plan.testkit.ts";
import { storeOver } from "./sim-rows.testkit.ts";
import { type Defect, type ShardWeather, SimDisk, simShard } from "./sim-shard.testkit.ts";
import { SimClock, SimNetwork, SimProcess, simLinks } from "./sim-world.testkit.ts";
import { Slave } from "./slave.ts";

const SHARD_C = 0x10003;
const SHARDS = [SHARD_A, SHARD_B, SHARD_C] as const;
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
}

interface LiveSlave {
  readonly config: SlaveConfig;
  readonly process: SimProcess;
  readonly slave: Slave;
  readonly connection: Connection<undefined>;
}

/** Token ids: QKC and another one. */
const TOKENS = [35760n, 17n] as const;
/** A shard that is open is not alive yet. */
const SHARD_ABSENT = 74;
/** How long everything may take to end, in milliseconds. */
const LONGEST = 10 * 60_000;

/** Our slaves over simulated disks and links, under the model of a master: one seed, one run. */
export class SimCluster {
  readonly lab: Lab;
  readonly clock: SimClock;
  weather: Weather;
  readonly disks: ReadonlyMap<number, SimDisk>;
  readonly open = new Map<number, OpenShard>();
  /** Headers that the master was told, by hash: it forgets none. */
  readonly reported = new Map<string, MinorBlock>();
  readonly roots: RootBlock[];
  /** Transactions that the pool of a shard has to hold, by the shard. */
  readonly requeued = new Map<number, Map<string, TypedTransaction>>();
  readonly lines: string[] = [];
  mined = 0;
  /** Blocks that the master wanted fetched, and those that the other cluster was asked for. */
  fetched = 0;
  served = 0;
  lives = 0;
  readonly #cluster: ClusterConfig;
  readonly #network: SimNetwork;
  readonly #sends = new Map<string, readonly CrossShardDeposit[]>();
  readonly #blocks = new Map<string, MinorBlock>();
  readonly #defect: Defect | undefined;
  readonly #failures: unknown[] = [];
  readonly #plan: readonly PlannedEvent[];
  /** Root blocks that every slave has acknowledged are before this place. */
  #acknowledged = 1;
  /** Whether a shard may refuse what is right. */
  readonly mayFail: boolean;
  #slaves: LiveSlave[] = [];
  #peer = this.#newPeer();
  #hostile = this.#newHostilePeer();
  #isUp = false;
  #owed = 0;

  constructor(seed: number, weather: Weather, plan: readonly PlannedEvent[], defect?: Defect) {
    const config = { ...labConfig(weather.bornAt), disablePowCheck: true };
    this.lab = new Lab(config);
    this.clock = new SimClock(seededRandom(seed));
    this.weather = weather;
    this.#plan = plan;
    this.#defect = defect;
    this.mayFail = weather.engineFails + weather.writeFails > 0;
    this.#cluster = { ...readFixtureConfig("varied.json"), slaves: SLAVES, quarkchain: config };
    this.#network = new SimNetwork(this.clock);
    this.disks = new Map(SHARDS.map((id) => [id, new SimDisk(this.#sends, defect)]));
    this.roots = [this.lab.rootGenesis];
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

  get bestRoot(): RootBlock {
    return this.roots.reduce((a, b) => (b.header.totalDifficulty > a.header.totalDifficulty ? b : a));
  }

  rootOf(hash: Hash32): RootBlock {
    const root = this.roots.find(({ header }) => bytesEqual(rootHeaderHash(header), hash));
    if (root === undefined) throw new Error("a root block that nobody made");
    return root;
  }

  get #isDone(): boolean {
    const isQuiet = this.#isUp && this.#owed === 0 && this.#acknowledged === this.roots.length;
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

  #newPeer(): SimPeer {
    return new SimPeer({
      blocks: this.#blocks,
      rootTip: () => this.bestRoot.header,
      send: (frame) => this.#slaveOf(frame.branch)?.connection.send(frame),
    });
  }

  #newHostilePeer(): HostilePeer {
    return new HostilePeer({
      blocks: this.#blocks,
      rootTip: () => this.bestRoot.header,
      send: (frame) => this.#slaveOf(frame.branch)?.connection.send(frame),
      random: () => this.clock.random(),
    });
  }

  #startSlave(config: SlaveConfig, master: SimProcess): LiveSlave {
    const process = new SimProcess(config.id, this.clock);
    const slave = new Slave({
      cluster: this.#cluster,
      self: config,
      log: (level, line) => this.lines.push(`${this.clock.now()} ${config.id} ${level} ${line}`),
      links: { transport: this.#network.transportOf(process), clock: process },
      openShard: (fullShardId, api) =>
        simShard(
          {
            ...{ cluster: this.#cluster, fullShardId, process, weather: () => this.weather, defect: this.#defect },
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
    const known = this.roots.slice(0, this.#acknowledged);
    const rootTip = known.reduce((a, b) => (b.header.totalDifficulty > a.header.totalDifficulty ? b : a));
    await Promise.all(slaves.map((slave) => this.#ask(slave, CLUSTER_RPC.ping, { id: "", fullShardIds: [], rootTip })));
    for (const slave of slaves) {
      await this.#ask(slave, CLUSTER_RPC.createClusterPeerConnection, { clusterPeerId: PEER_ID });
    }
    this.#isUp = true;
    for (const root of this.roots.slice(this.#acknowledged)) this.#task(() => this.#send(root));
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
    const transactionsOf = (hash: Hash32) => this.#blockOf(hash).transactions;
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
    const block = this.#newBlock(fullShardId, snapshot, snapshot.headBlock.header);
    const slave = this.#slaveOf(fullShardId);
    // The same block comes twice at once.
    for (let i = this.clock.random() < 0.3 ? 2 : 1; i > 0; i--) {
      this.#task(() =>
        this.#unlessOver(this.#slaves, async () => {
          const { errorCode } = await this.#ask(slave, CLUSTER_RPC.addMinorBlock, { block: encodeMinorBlock(block) });
          const isVisible = errorCode !== SHARD_ABSENT;
          if (errorCode !== 0 && isVisible && !this.mayFail) {
            throw new Error(`a valid block is refused: ${errorCode} ${whyRefused(shard, block)}`);
          }
        }),
      );
    }
  }

  /** A valid block: on the newest root block mostly, or on its parent's. */
  #newBlock(fullShardId: number, { rootTip }: ChainSnapshot, parent: MinorBlockHeader): MinorBlock {
    const rootHash = this.clock.random() < 0.2 ? parent.prevRootBlockHash : rootTip.hash;
    const root = this.rootOf(rootHash);
    const block = withTransactions(this.lab.block(parent, root.header), [this.#pick(TRANSACTIONS)]);
    const hash = minorHeaderHash(block.header);
    this.#blocks.set(bytesKey(hash), block);
    this.mined++;
    const to = this.#pick(SHARDS.filter((id) => id !== fullShardId));
    if (this.clock.random() < 0.5 && reachableShards(this.lab.config, fullShardId, root.header.height).has(to)) {
      const amounts = { value: BigInt(1 + Math.floor(this.clock.random() * 100)), transferTokenId: this.#pick(TOKENS) };
      this.#sends.set(bytesKey(hash), [{ ...madeUpDeposit(hash, to), ...amounts }]);
    }
    return block;
  }

  // What another cluster does.

  /** Blocks of its own on our head: pushed, announced, or named by the master, which wants them fetched. */
  #peerMines(): void {
    const shard = this.open.get(this.#pick(SHARDS));
    const snapshot = shard?.chain.snapshot;
    if (shard === undefined || snapshot === undefined || !this.#isUp) return void this.#later(() => this.#peerMines());
    const { fullShardId } = shard.chain;
    const blocks: MinorBlock[] = [];
    for (let more = 1 + Math.floor(this.clock.random() * 4); more > 0; more--) {
      const parent = blocks.at(-1)?.header ?? snapshot.headBlock.header;
      blocks.push(this.#newBlock(fullShardId, snapshot, parent));
    }
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
    const rootHeader = this.rootOf(snapshot.rootTip.hash).header;
    const block = withTransactions(this.lab.block(snapshot.headBlock.header, rootHeader), [this.#pick(TRANSACTIONS)]);
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
        if (hashes.some((hash) => !this.reported.has(bytesKey(hash))))
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
      const block = this.#blockOf(hash);
      const { branch, height, prevMinorBlockHash, prevRootBlockHash } = block.header;
      const rootHeight = this.rootOf(prevRootBlockHash).header.height;
      for (const [to, { rows }] of this.disks) {
        if (to === branch || height === 0 || !reachableShards(this.lab.config, branch, rootHeight).has(to)) continue;
        const list = storeOver(rows, to).encodedDepositList(hash);
        if (list === undefined) throw new Error(`block ${height} of ${branch} is reported before ${to} has its list`);
      }
      if (height > 0 && !this.reported.has(bytesKey(prevMinorBlockHash))) {
        throw new Error(`block ${height} of ${branch} is reported before its parent`);
      }
      this.reported.set(bytesKey(hash), block);
    } catch (error) {
      this.#failures.push(error);
    }
  }

  #makeRoot(): void {
    if (!this.#isUp) return void this.#later(() => this.#makeRoot());
    const parent = this.clock.random() < 0.7 ? this.bestRoot : this.#pick(this.roots);
    const confirmed = SHARDS.flatMap((id) => this.#confirmable(id, parent));
    const root = this.lab.root(parent.header, confirmed, 40 + Math.floor(this.clock.random() * 40));
    // It is the master's own from here on, whatever becomes of the slaves.
    this.roots.push(root);
    this.#task(() => this.#send(root));
  }

  /** To all slaves; frames of one link keep their order, so a root block comes behind its parent. */
  async #send(root: RootBlock): Promise<void> {
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
      if (this.roots[this.#acknowledged] === root) this.#acknowledged++;
      else this.#later(() => this.#task(() => this.#send(root)));
    });
  }

  /** Reported blocks of a shard that follow what a root block confirms, and stand on its chain. */
  #confirmable(fullShardId: number, parent: RootBlock): MinorBlock[] {
    const chain = this.rootChain(parent);
    const hashes = new Set(chain.map(({ header }) => bytesKey(rootHeaderHash(header))));
    const own = chain.map((root) => root.minorHeaders.filter(({ branch }) => branch === fullShardId).at(-1));
    const newest = own.find((header) => header !== undefined);
    let last = newest && minorHeaderHash(newest);
    const confirmed: MinorBlock[] = [];
    for (let most = Math.floor(this.clock.random() * 4); most > 0; most--) {
      const next = [...this.reported.values()].find(({ header }) => {
        if (header.branch !== fullShardId || !hashes.has(bytesKey(header.prevRootBlockHash))) return false;
        return last === undefined
          ? header.height === 0
          : header.height > 0 && bytesEqual(header.prevMinorBlockHash, last);
      });
      if (next === undefined) break;
      confirmed.push(next);
      last = minorHeaderHash(next.header);
    }
    return confirmed;
  }

  /** What a block sends. */
  sentBy(hash: Hash32): readonly CrossShardDeposit[] {
    return this.#sends.get(bytesKey(hash)) ?? [];
  }

  /** A root block and its ancestors. */
  rootChain(tip: RootBlock): RootBlock[] {
    const chain = [tip];
    for (let at = tip; at.header.height > 0; chain.push(at)) at = this.rootOf(at.header.prevBlockHash);
    return chain;
  }

  #blockOf(hash: Hash32): MinorBlock {
    const known = this.#blocks.get(bytesKey(hash));
    if (known !== undefined) return known;
    for (const id of SHARDS) {
      for (const root of this.roots) {
        if (root.header.height !== this.lab.config.shards.get(id)?.genesis.rootHeight) continue;
        const genesis = this.lab.genesis(id, root.header);
        this.#blocks.set(bytesKey(minorHeaderHash(genesis.header)), genesis);
      }
    }
    const genesis = this.#blocks.get(bytesKey(hash));
    if (genesis === undefined) throw new Error(`block ${toHex(hash)} was made by nobody`);
    return genesis;
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

/** One transaction of each of so many senders. */
const TRANSACTIONS: readonly TypedTransaction[] = Array.from({ length: 8 }, (_, i) => {
  const unsigned = {
    ...{ nonce: 0n, gasPrice: 10n ** 9n, startGas: 21_000n, to: ZERO_ADDRESS, value: 1n, data: new Uint8Array(0) },
    ...{
      networkId: 3n,
      fromFullShardKey: SHARD_A,
      toFullShardKey: SHARD_A,
      gasTokenId: 35760n,
      transferTokenId: 35760n,
    },
    ...{ version: 0n, v: 0n, r: 0n, s: 0n },
  };
  return wrap(sign(unsigned, new Uint8Array(32).fill(i + 1)));
});

function withTransactions(block: MinorBlock, transactions: readonly TypedTransaction[]): MinorBlock {
  const meta = { ...block.meta, merkleRoot: merkleRoot(transactions.map(({ hash }) => hash)) };
  return { ...block, meta, transactions, header: { ...block.header, metaHash: minorMetaHash(meta) } };
}

function whyRefused({ chain }: OpenShard, block: MinorBlock): string {
  const refusal = chain.refusalOf(block, {});
  if (refusal?.reason !== "invalid") return refusal?.reason ?? "by what it executes to";
  return refusal.verdict.violations.map(({ message }) => message).join("; ");
}

function isUnfinished(key: string): boolean {
  return key.startsWith("qkc_open_");
}
