import { join } from "node:path";
import type { ClusterConfig, SlaveConfig } from "../../node/chain/config.ts";
import {
  encodeMinorBlock,
  type MinorBlock,
  type MinorBlockHeader,
  minorHeaderHash,
} from "../../node/chain/minor-block.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import { createSharedEthashCaches } from "../../node/cl/pow/ethash-cache-pool.ts";
import { bytesKey } from "../../node/codec/bytes.ts";
import { SYSTEM_CLOCK } from "../../node/codec/clock.ts";
import { type ClusterLinksParts, LINK_LIMITS } from "../../node/net/cluster-links.ts";
import { Connection } from "../../node/net/connection.ts";
import { Handlers } from "../../node/net/handlers.ts";
import type { Link } from "../../node/net/link.ts";
import { LinkError } from "../../node/net/link-error.ts";
import { MemoryNetwork, memoryLinks } from "../../node/net/memory-link.testkit.ts";
import type { ShardOptions } from "../../node/slave/open-shard.ts";
import type { SlaveApi } from "../../node/slave/shard-api.ts";
import { ShardNode } from "../../node/slave/shard-node.ts";
import type { ShardOpener } from "../../node/slave/shard-threads.ts";
import { PEER_ID, SimPeer } from "../../node/slave/sim-peer.testkit.ts";
import { Slave, type SlaveParts } from "../../node/slave/slave.ts";
import { CLUSTER_OPERATIONS, CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import type { Rpc } from "../../node/wire/operation.ts";

/** A master's end of one slave's link: it asks, and notes what is reported. */
class ModelMaster {
  readonly reported: MinorBlockHeader[] = [];
  #peer: SimPeer | undefined;
  readonly #connection: Connection<undefined>;

  constructor(link: Link) {
    const handlers = new Handlers<undefined>()
      .answer(CLUSTER_RPC.addMinorBlockHeader, ({ header }) => {
        this.reported.push(header);
        return { errorCode: 0, artificialTxConfig: { targetRootBlockTime: 60, targetMinorBlockTime: 10 } };
      })
      .answer(CLUSTER_RPC.addMinorBlockHeaderList, ({ headers }) => {
        this.reported.push(...headers);
        return { errorCode: 0 };
      });
    this.#connection = new Connection<undefined>({
      link,
      name: "slave",
      caller: undefined,
      metadataBytes: 12,
      operations: CLUSTER_OPERATIONS,
      handlers,
      limits: LINK_LIMITS.master,
      clock: SYSTEM_CLOCK,
      log: () => {},
      route: (frame) => {
        if (frame.clusterPeerId === 0n) return false;
        this.#peer?.receive(frame);
        return true;
      },
    });
  }

  /** Another cluster is connected, which has these blocks. */
  async connectPeer(blocks: readonly MinorBlock[], rootTip: RootBlock): Promise<void> {
    this.#peer = new SimPeer({
      blocks: new Map(blocks.map((block) => [bytesKey(minorHeaderHash(block.header)), block])),
      rootTip: () => rootTip.header,
      send: (frame) => this.#connection.send(frame),
    });
    await this.ask(CLUSTER_RPC.createClusterPeerConnection, { clusterPeerId: PEER_ID });
  }

  get closed(): Promise<LinkError> {
    return this.#connection.closed;
  }

  ask<Request, Response>(rpc: Rpc<Request, Response>, message: Request): Promise<Response> {
    return this.#connection.channel.request(rpc, message);
  }

  ping(rootTip?: RootBlock) {
    return this.ask(CLUSTER_RPC.ping, { id: "", fullShardIds: [], rootTip });
  }

  addRoot(rootBlock: RootBlock) {
    return this.ask(CLUSTER_RPC.addRootBlock, { rootBlock, expectSwitch: false });
  }

  async addMinor(block: MinorBlock): Promise<number> {
    return (await this.ask(CLUSTER_RPC.addMinorBlock, { block: encodeMinorBlock(block) })).errorCode;
  }

  close(): void {
    this.#connection.close(new LinkError("closed", "the master ends"));
  }
}

/** One of a cluster's slaves with its master's end. */
export interface ModelSlave {
  readonly slave: Slave;
  readonly master: ModelMaster;
  readonly config: SlaveConfig;
  readonly lines: readonly string[];
  /** Says that a shard cannot go on, as its thread would. */
  fail(fullShardId: number, reason: string): void;
}

/** Slaves in this process over links in memory, their shards in this thread. */
export class ModelCluster {
  readonly network = new MemoryNetwork();
  readonly #cluster: ClusterConfig;
  readonly #datadir: string;
  readonly #base: string | undefined;

  readonly #refused: SlaveParts["refused"];

  /** `base`: an old database below the stores of all slaves. `refused`: told of blocks that are refused for what they declare. */
  constructor(cluster: ClusterConfig, datadir: string, base?: string, refused?: SlaveParts["refused"]) {
    this.#cluster = cluster;
    this.#datadir = datadir;
    this.#base = base;
    this.#refused = refused;
  }

  /** A slave as its configuration has it, whatever ran on its stores before. */
  start(config: SlaveConfig, timing: ClusterLinksParts["timing"] = undefined): ModelSlave {
    const [theirs, ours] = memoryLinks(["master", config.id]);
    return { ...this.startUnder(ours, config, timing), master: new ModelMaster(theirs) };
  }

  /** As start, with whoever holds the other end of a link for its master. */
  startUnder(
    master: Link,
    config: SlaveConfig,
    timing: ClusterLinksParts["timing"] = undefined,
  ): Omit<ModelSlave, "master"> {
    const lines: string[] = [];
    const apis = new Map<number, SlaveApi>();
    const open = this.#opener(join(this.#datadir, config.id));
    const slave = new Slave({
      cluster: this.#cluster,
      self: config,
      openShard: (fullShardId, api) => {
        apis.set(fullShardId, api);
        return open(fullShardId, api);
      },
      log: (level, line) => lines.push(`${level} ${line}`),
      ...(this.#refused !== undefined && { refused: this.#refused }),
      links: { transport: this.network.transportOf(config.id), ...(timing && { timing }) },
    });
    slave.accept(master);
    this.network.listen(config.host, config.port, (link) => slave.accept(link));
    const fail = (fullShardId: number, reason: string) => void apis.get(fullShardId)?.failed(reason);
    return { slave, config, lines, fail };
  }

  /** CONNECT_TO_SLAVES to each, one after the other, as the master does it. */
  async connect(slaves: readonly ModelSlave[]): Promise<void> {
    const infos = slaves.map(({ config: { id, host, port, fullShardIds } }) => ({ id, host, port, fullShardIds }));
    for (const { master } of slaves) {
      const { results } = await master.ask(CLUSTER_RPC.connectToSlaves, { slaves: infos });
      if (results.some((text) => text !== "")) throw new Error(`slaves are not linked: ${results.join("; ")}`);
    }
  }

  #opener(datadir: string): ShardOpener {
    const options: Omit<ShardOptions, "fullShardId"> = {
      cluster: this.#cluster,
      datadir,
      retention: "archive",
      durability: "process",
      cacheBytes: 16 * 2 ** 20,
      version: "test",
      ethashCaches: createSharedEthashCaches(1, 0),
      ...(this.#base !== undefined && { base: this.#base }),
      verifies: this.#refused !== undefined,
    };
    return (fullShardId, slave) => ({ api: new ShardNode({ ...options, fullShardId }, slave), end: async () => {} });
  }
}
