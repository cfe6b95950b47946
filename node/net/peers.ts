import type { Clock } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import { encode } from "../wire/codec.ts";
import type { Frame } from "../wire/frame.ts";
import type { Command } from "../wire/operation.ts";
import type { Handlers } from "./handlers.ts";
import type { Log } from "./link.ts";
import { LinkError } from "./link-error.ts";
import { type Carrier, VirtualConnection, type VirtualConnectionLimits } from "./virtual-connection.ts";

export interface PeersParts {
  /** Full shard ids of the whole network: a frame for another one closes the master's link (R84). */
  readonly branches: ReadonlySet<number>;
  readonly limits: VirtualConnectionLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** Peer traffic: a virtual connection for each of our shards and each peer that the master has announced. */
export class Peers {
  readonly #parts: PeersParts;
  readonly #peerIds = new Set<bigint>();
  readonly #shards = new Map<number, PeersOfShard>();
  #carrier: Carrier = NO_CARRIER;

  constructor(parts: PeersParts) {
    this.#parts = parts;
  }

  /** The master's link, once it is there. */
  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  /**
   * From now on the shard hears its peers, those too that came before it (slave.py create_shards). `opened` is called with
   * each connection before anything is received by it.
   */
  addShard(
    branch: number,
    handlers: Handlers<VirtualConnection>,
    opened: (connection: VirtualConnection) => void = () => {},
  ): void {
    if (this.#shards.has(branch)) throw new TypeError(`shard ${branch} has been added already`);
    const shard: PeersOfShard = { branch, handlers, opened, connections: new Map() };
    this.#shards.set(branch, shard);
    for (const peerId of this.#peerIds) this.#connect(shard, peerId);
  }

  /**
   * CREATE: when it returns the connections receive (O7). A peer that exists already starts anew (P12): its old connections
   * may have been closed for a fault.
   */
  create(peerId: bigint): void {
    this.destroy(peerId, "the master announces the peer anew");
    this.#peerIds.add(peerId);
    for (const shard of this.#shards.values()) this.#connect(shard, peerId);
  }

  /** DESTROY: requests that wait are told, nothing more is sent to the peer. One that is not known stays so. */
  destroy(peerId: bigint, reason = "the master says that the peer has left"): void {
    this.#peerIds.delete(peerId);
    for (const { connections } of this.#shards.values()) {
      connections.get(peerId)?.close(new LinkError("closed", reason));
      connections.delete(peerId);
    }
  }

  /** Throws LinkError for a shard that does not exist at all; what is not, or no longer, here is dropped. */
  receive(frame: Frame): void {
    if (!this.#parts.branches.has(frame.branch)) {
      throw new LinkError(
        "protocol",
        `peer ${frame.clusterPeerId} speaks to shard ${frame.branch}, which does not exist`,
      );
    }
    this.#shards.get(frame.branch)?.connections.get(frame.clusterPeerId)?.receive(frame);
  }

  /** Undefined where the peer is not here, or its connection is closed: then there is nothing to ask it. */
  find(branch: number, peerId: bigint): VirtualConnection | undefined {
    const connection = this.#shards.get(branch)?.connections.get(peerId);
    return connection?.isOpen ? connection : undefined;
  }

  /** Open connections of a shard. */
  of(branch: number): readonly VirtualConnection[] {
    return [...(this.#shards.get(branch)?.connections.values() ?? [])].filter(({ isOpen }) => isOpen);
  }

  /** To all peers of a shard but the one it came from (P23), as far as they take it: whoever misses it will sync. */
  broadcast<Message>(branch: number, command: Command<Message>, message: Message, except?: VirtualConnection): void {
    this.broadcastBytes(branch, command, encode(command.message, message), except);
  }

  broadcastBytes<Message>(
    branch: number,
    command: Command<Message>,
    payload: Uint8Array,
    except?: VirtualConnection,
  ): void {
    for (const connection of this.of(branch)) {
      if (connection === except) continue;
      try {
        connection.sendBytes(command, payload);
      } catch (error) {
        this.#parts.log("warn", `${command.name} not sent: ${reasonOf(error)}`);
      }
    }
  }

  /** The master's link is gone, and with it all peers. */
  closeAll(reason: string): void {
    for (const peerId of [...this.#peerIds]) this.destroy(peerId, reason);
  }

  #connect(shard: PeersOfShard, peerId: bigint): void {
    const { limits, clock, log } = this.#parts;
    const { branch, handlers, opened } = shard;
    const carrier = this.#carrier;
    const connection = new VirtualConnection({ branch, peerId, handlers, limits, clock, log, carrier });
    shard.connections.set(peerId, connection);
    opened(connection);
  }
}

interface PeersOfShard {
  readonly branch: number;
  readonly handlers: Handlers<VirtualConnection>;
  readonly opened: (connection: VirtualConnection) => void;
  readonly connections: Map<bigint, VirtualConnection>;
}

/** Peers are announced by the master, so there is none before its link. */
const NO_CARRIER: Carrier = { queuedBytes: 0, send: () => {} };
