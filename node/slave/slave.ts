import type { ClusterConfig, SlaveConfig } from "../chain/config.ts";
import { type Clock, SYSTEM_CLOCK, within } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import { ClusterLinks, type ClusterLinksParts } from "../net/cluster-links.ts";
import { Handlers } from "../net/handlers.ts";
import type { Link, Log } from "../net/link.ts";
import { LinkError } from "../net/link-error.ts";
import type { SlaveLink } from "../net/slave-link.ts";
import { CLUSTER_OPERATIONS, CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { encode } from "../wire/codec.ts";
import type { Rpc } from "../wire/operation.ts";
import { ListDelivery } from "./list-delivery.ts";
import { SHARD_ABSENT } from "./list-handlers.ts";
import { masterHandlers } from "./master-handlers.ts";
import { PeerConnections } from "./peer-connections.ts";
import type { RefusedBlock, SlaveApi } from "./shard-api.ts";
import type { ShardOpener } from "./shard-threads.ts";
import type { SlaveGauges } from "./slave-gauges.ts";
import { SlaveShards } from "./slave-shards.ts";
import { SubscriptionHub } from "./websocket/subscription-hub.ts";

export interface SlaveParts {
  readonly cluster: ClusterConfig;
  /** Which of the cluster's slaves this is. */
  readonly self: SlaveConfig;
  readonly openShard: ShardOpener;
  readonly log: Log;
  /** Told of each new block that a shard refuses for what it declares, where shards tell it. */
  readonly refused?: (fullShardId: number, block: RefusedBlock) => void;
  /** Where links come from; the machine's own where it is left out. */
  readonly links?: Pick<ClusterLinksParts, "transport" | "clock" | "limits" | "timing">;
}

/** Why a slave has ended. */
export type SlaveEnd =
  | { readonly kind: "master-lost"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: unknown };

/**
 * A slave of a cluster (pyquarkchain cluster/slave.py SlaveServer): links here, shards in threads. It ends when its master's
 * link does, or when its shards cannot be brought to life; one that breaks later is begun anew.
 */
export class Slave {
  /** Resolves once; close() is the caller's. */
  readonly ended: Promise<SlaveEnd>;
  readonly #self: SlaveConfig;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #refused: NonNullable<SlaveParts["refused"]>;
  readonly #links: ClusterLinks;
  readonly #shards: SlaveShards;
  readonly #lists: ListDelivery;
  readonly #peers: PeerConnections;
  /** Who has subscribed to what happens in the shards. */
  readonly subscriptions: SubscriptionHub;
  readonly #closing = new AbortController();
  #end: (end: SlaveEnd) => void = () => {};

  constructor({ cluster, self: config, openShard, log, refused = () => {}, links = {} }: SlaveParts) {
    const { id, fullShardIds } = config;
    this.#self = config;
    this.#log = log;
    this.#refused = refused;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const clock: Clock = links.clock ?? SYSTEM_CLOCK;
    this.#clock = clock;
    const { signal } = this.#closing;
    this.#shards = new SlaveShards({
      config: cluster.quarkchain,
      fullShardIds,
      open: openShard,
      slaveFor: (fullShardId) => this.#apiFor(fullShardId),
      born: (fullShardId, api) => {
        this.#peers.addShard(fullShardId, api);
        this.#hear(fullShardId, api);
      },
      ...{ clock, signal, log },
    });
    const failed = (error: unknown) => this.#end({ kind: "failed", error });
    const self = { id, fullShardIds };
    this.#links = new ClusterLinks({
      self,
      branches: new Set(cluster.quarkchain.shards.keys()),
      masterHandlers: masterHandlers({ cluster, self, shards: this.#shards, clock, signal, log, failed }),
      slaveHandlers: this.#slaveHandlers(),
      log,
      ...links,
    });
    this.#peers = new PeerConnections(this.#links.peers);
    this.subscriptions = new SubscriptionHub(
      (fullShardId) => this.#shards.find(fullShardId) !== undefined,
      (fullShardId) => this.#hear(fullShardId),
    );
    this.#lists = new ListDelivery({ shards: this.#shards, slaves: this.#links.slaves, clock, signal, log });
    this.#links.masterLost.then(({ message }) => this.#end({ kind: "master-lost", reason: message }));
  }

  accept(link: Link): void {
    this.#links.accept(link);
  }

  /** A shard that does not answer within `patienceMs` is said not to. */
  async gauges(patienceMs: number): Promise<SlaveGauges> {
    const { slaves, master } = this.#links;
    const { known } = slaves;
    const shards = this.#self.fullShardIds.map(async (fullShardId) => {
      const shard = this.#shards.find(fullShardId);
      if (shard === undefined) return { fullShardId, isAlive: false, gauges: undefined };
      const gauges = shard.gauges().catch(() => undefined);
      return { fullShardId, isAlive: true, gauges: await within(this.#clock, patienceMs, gauges) };
    });
    return {
      isMasterConnected: master?.isOpen === true,
      fellows: known.length,
      linkedFellows: known.filter((id) => slaves.isLinked(id)).length,
      shards: await Promise.all(shards),
    };
  }

  /** Leaves every store in order; what was acknowledged is in it. */
  async close(reason: string): Promise<void> {
    this.#closing.abort();
    this.#links.close(reason);
    await this.#shards.close();
  }

  #hear(fullShardId: number, shard = this.#shards.find(fullShardId)): void {
    // A shard that is gone has nothing to say.
    shard?.hear(this.subscriptions.isHeard(fullShardId)).catch(() => {});
  }

  #apiFor(fullShardId: number): SlaveApi {
    const name = `shard 0x${fullShardId.toString(16).padStart(8, "0")}`;
    return {
      deliver: (lists, how) => this.#lists.deliver(lists, how),
      askMaster: (op, payload) => this.#askMaster(op, payload),
      broadcast: async (op, payload, except) => this.#peers.broadcast(fullShardId, op, payload, except),
      tellPeer: async (connection, op, payload) => this.#peers.tell(connection, op, payload),
      askPeer: (connection, op, payload, timeoutMs) => this.#peers.ask(connection, op, payload, timeoutMs),
      closePeer: async (connection, reason) => this.#peers.close(connection, reason),
      event: async (event) => this.subscriptions.publish(fullShardId, event),
      refused: async (block) => this.#refused(fullShardId, block),
      log: async (level, line) => this.#log(level, `${name}: ${line}`),
      failed: async (reason) => this.#shards.failed(fullShardId, reason),
    };
  }

  async #askMaster(op: number, payload: Uint8Array): Promise<Uint8Array> {
    const operation = CLUSTER_OPERATIONS.get(op);
    const { master } = this.#links;
    if (operation?.kind !== "request") throw new TypeError(`the master is asked for operation ${op}`);
    if (master === undefined) throw new LinkError("closed", "there is no master yet");
    return await master.requestBytes(operation.rpc, payload);
  }

  /** Lists of other slaves' shards (slave.py SlaveConnection): one message is for one shard. */
  #slaveHandlers(): Handlers<SlaveLink> {
    const handlers = new Handlers<SlaveLink>();
    const take = <Request>(rpc: Rpc<Request, { readonly errorCode: number }>, branchAt: number) => {
      const failed = (errorCode: number) => encode(rpc.response, { errorCode });
      handlers.answerBytes(
        rpc,
        async (payload) => {
          const branch = branchOf(payload, branchAt, rpc.name);
          // An empty batch is nothing to store.
          if (branch === undefined) return failed(0);
          const shard = this.#shards.findBorn(branch);
          return shard === undefined ? failed(SHARD_ABSENT) : await shard.receive(rpc.op, payload);
        },
        (error) => {
          this.#log("error", `a list is not stored: ${reasonOf(error)}`);
          return failed(1);
        },
      );
    };
    take(CLUSTER_RPC.addXshardTxList, 0);
    // Behind the count.
    take(CLUSTER_RPC.batchAddXshardTxList, 4);
    return handlers;
  }
}

/** The first list's shard; undefined in an empty batch. The rest is decoded where it is stored. */
function branchOf(payload: Uint8Array, branchAt: number, name: string): number | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (payload.length >= branchAt + 4) return view.getUint32(branchAt);
  if (branchAt === 4 && payload.length === 4 && view.getUint32(0) === 0) return undefined;
  throw new LinkError("malformed", `${name} of ${payload.length} bytes cannot be decoded`);
}
