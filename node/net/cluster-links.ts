/*
 * All links of a slave. What is said on them is handed in; nothing here knows a shard.
 *
 *   listenForLinks(port) ─► ClusterLinks.accept ─┬─ first  ► MasterLink ─► Handlers<MasterLink>      requests of the master
 *                                                │             └► Peers ─► Handlers<VirtualConnection>  traffic of peers
 *                                                └─ others ► SlaveLinks ─► Handlers<SlaveLink>        lists of other slaves
 *
 * A composition root
 *   1. fills `Handlers<MasterLink>` with PING (create shards of `rootTip`, then answer the identity), ADD_ROOT_BLOCK and all
 *      reads, each with the answer that stands for a failure; CONNECT_TO_SLAVES, CREATE_ and DESTROY_CLUSTER_PEER_CONNECTION
 *      are served here;
 *   2. fills `Handlers<SlaveLink>` with ADD_XSHARD_TX_LIST and its batch;
 *   3. makes a `ClusterLinks`, gives `accept` to a listener, and ends when `masterLost` resolves;
 *   4. calls `peers.addShard` with a shard's own handlers as soon as the shard is visible, before the answer that says so.
 *
 * Outwards it has `master.request` (ADD_MINOR_BLOCK_HEADER and its list), `slaves.deliver` (lists, until acknowledged),
 * `peers.broadcast` and `peers.find(…).request`. Handlers may be given messages or their bytes: a shard in a thread of its own
 * takes bytes, so that nothing long happens on the thread of the links.
 *
 * Each fault ends what it concerns. A fault of a peer closes one virtual connection, one of a slave its link (dialled again),
 * one of the master's frames the master's link; a handler that throws answers the failure that was given with it.
 */

import { type Clock, SYSTEM_CLOCK } from "../codec/clock.ts";
import { shown } from "../codec/shown.ts";
import { CLUSTER_COMMAND, CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { type ConnectionLimits, MOST_QUEUED_BYTES } from "./connection.ts";
import { Handlers } from "./handlers.ts";
import type { Link, Log, Transport } from "./link.ts";
import { LinkError } from "./link-error.ts";
import { MasterLink } from "./master-link.ts";
import { Peers } from "./peers.ts";
import type { SlaveIdentity, SlaveLink } from "./slave-link.ts";
import { SLAVE_LINKS_TIMING, SlaveLinks, type SlaveLinksTiming } from "./slave-links.ts";
import { SOCKET_TRANSPORT } from "./socket-link.ts";
import type { VirtualConnectionLimits } from "./virtual-connection.ts";

export interface ClusterLinksParts {
  readonly self: SlaveIdentity;
  /** Full shard ids of the whole network, not only ours. */
  readonly branches: ReadonlySet<number>;
  readonly masterHandlers: Handlers<MasterLink>;
  readonly slaveHandlers: Handlers<SlaveLink>;
  readonly log: Log;
  readonly transport?: Transport;
  readonly clock?: Clock;
  readonly limits?: LinkLimits;
  readonly timing?: SlaveLinksTiming;
}

export interface LinkLimits {
  readonly master: ConnectionLimits;
  readonly slave: ConnectionLimits;
  readonly peer: VirtualConnectionLimits;
}

const MEBIBYTE = 2 ** 20;

export const LINK_LIMITS: LinkLimits = {
  // What the master asks is owed to it, whatever it asks: handlers of reads keep their own queues short.
  master: {
    queuedBytes: MOST_QUEUED_BYTES,
    handlers: Number.POSITIVE_INFINITY,
    handlerBytes: Number.POSITIVE_INFINITY,
    surplusCommands: "close",
  },
  slave: {
    queuedBytes: MOST_QUEUED_BYTES,
    handlers: 16_384,
    handlerBytes: 1024 * MEBIBYTE,
    surplusCommands: "close",
  },
  // An announcement that is dropped is made up for by the next one.
  peer: {
    carrierBytes: 256 * MEBIBYTE,
    handlers: 1024,
    handlerBytes: 256 * MEBIBYTE,
    surplusCommands: "drop",
  },
};

export class ClusterLinks {
  readonly slaves: SlaveLinks;
  readonly peers: Peers;
  /** Resolves with the reason; never rejects. */
  readonly masterLost: Promise<LinkError>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: LinkLimits;
  readonly #masterHandlers: Handlers<MasterLink>;
  #master: MasterLink | undefined;
  #loseMaster: (reason: LinkError) => void = () => {};
  #isClosed = false;

  constructor(parts: ClusterLinksParts) {
    const { self, branches, slaveHandlers, transport = SOCKET_TRANSPORT, timing = SLAVE_LINKS_TIMING } = parts;
    this.#clock = parts.clock ?? SYSTEM_CLOCK;
    this.#limits = parts.limits ?? LINK_LIMITS;
    this.masterLost = new Promise((resolve) => {
      this.#loseMaster = resolve;
    });
    const clock = this.#clock;
    // Names that others give themselves stand in these lines.
    const log: Log = (level, line) => parts.log(level, shown(line));
    this.#log = log;
    this.peers = new Peers({ branches, limits: this.#limits.peer, clock, log });
    const limits = this.#limits.slave;
    this.slaves = new SlaveLinks({ self, handlers: slaveHandlers, transport, limits, timing, clock, log });
    this.#masterHandlers = this.#linkHandlers().with(parts.masterHandlers);
  }

  /** Undefined before it has connected. Also there when it is lost: then its requests reject. */
  get master(): MasterLink | undefined {
    return this.#master;
  }

  /** The first connection is the master's for ever, even if it is lost at once; the others are slaves (slave.py). */
  accept(link: Link): void {
    if (this.#isClosed) link.close();
    else if (this.#master !== undefined) this.slaves.accept(link);
    else this.#acceptMaster(link);
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.peers.closeAll(reason);
    this.slaves.close(reason);
    this.#master?.close(new LinkError("closed", reason));
  }

  #acceptMaster(link: Link): void {
    this.#log("info", `master at ${link.remote}: connected`);
    const { peers } = this;
    const limits = this.#limits.master;
    this.#master = new MasterLink({
      link,
      handlers: this.#masterHandlers,
      peers,
      limits,
      clock: this.#clock,
      log: this.#log,
    });
    this.#master.closed.then((reason) => {
      this.peers.closeAll("the master's link is lost");
      this.#loseMaster(reason);
    });
  }

  #linkHandlers(): Handlers<MasterLink> {
    return new Handlers<MasterLink>()
      .answer(CLUSTER_RPC.connectToSlaves, async ({ slaves }) => ({ results: await this.slaves.connect(slaves) }))
      .answer(CLUSTER_RPC.createClusterPeerConnection, ({ clusterPeerId }) => {
        // Frames with this id are the master's own (shard.py RESERVED_CLUSTER_PEER_ID).
        if (clusterPeerId === 0n) throw new LinkError("protocol", "no peer has the id 0");
        this.peers.create(clusterPeerId);
        return { errorCode: 0 };
      })
      .take(CLUSTER_COMMAND.destroyClusterPeerConnection, ({ clusterPeerId }) => this.peers.destroy(clusterPeerId));
  }
}
