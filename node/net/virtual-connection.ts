import type { Clock } from "../codec/clock.ts";
import { type Frame, PEER_PAYLOAD_LIMIT } from "../wire/frame.ts";
import type { Command, Rpc } from "../wire/operation.ts";
import { PEER_OPERATIONS } from "../wire/peer-ops.ts";
import { Channel, type ChannelLimits, type RequestOptions } from "./channel.ts";
import type { Handlers } from "./handlers.ts";
import type { Log } from "./link.ts";
import { LinkError } from "./link-error.ts";

export interface VirtualConnectionParts {
  /** Full shard id. */
  readonly branch: number;
  /** Random 64 bits where the cluster has a real network. */
  readonly peerId: bigint;
  readonly handlers: Handlers<VirtualConnection>;
  readonly limits: VirtualConnectionLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** The master's link, which carries all virtual connections. */
  readonly carrier: Carrier;
}

export interface Carrier {
  readonly queuedBytes: number;
  send(frame: Frame): void;
}

export interface VirtualConnectionLimits extends ChannelLimits {
  /** What waits on the master's link before peers' messages are refused, which leaves room for the cluster's own. */
  readonly carrierBytes: number;
}

/**
 * One of our shards and the same shard of another cluster (pyquarkchain cluster/shard.py PeerShardConnection), with
 * request ids of its own. A fault closes it and nothing else: the master is not told, and frames that still come are
 * dropped until the master creates the peer again (P12).
 */
export class VirtualConnection {
  readonly branch: number;
  readonly peerId: bigint;
  readonly #parts: VirtualConnectionParts;
  readonly #channel: Channel<VirtualConnection>;

  constructor(parts: VirtualConnectionParts) {
    this.#parts = parts;
    this.branch = parts.branch;
    this.peerId = parts.peerId;
    this.#channel = new Channel<VirtualConnection>({
      ...parts,
      name: () => this.name,
      caller: this,
      clusterPeerId: parts.peerId,
      operations: PEER_OPERATIONS,
      write: (frame) => this.#write(frame),
      fail: (error) => this.close(error),
    });
  }

  get name(): string {
    return `peer ${this.#parts.peerId} of shard 0x${this.#parts.branch.toString(16).padStart(8, "0")}`;
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  /** Aborts when it closes, from whichever side. */
  get signal(): AbortSignal {
    return this.#channel.signal;
  }

  request<Request, Response>(
    rpc: Rpc<Request, Response>,
    message: Request,
    options?: RequestOptions,
  ): Promise<Response> {
    return this.#channel.request(rpc, message, options);
  }

  /** As `request`, for messages that are encoded and decoded in the thread of the shard. */
  requestBytes<Request, Response>(
    rpc: Rpc<Request, Response>,
    payload: Uint8Array,
    options?: RequestOptions,
  ): Promise<Uint8Array> {
    return this.#channel.requestBytes(rpc, payload, options);
  }

  /** Throws LinkError when it is closed or too much waits on the master's link. */
  send<Message>(command: Command<Message>, message: Message): void {
    this.#channel.send(command, message);
  }

  sendBytes<Message>(command: Command<Message>, payload: Uint8Array): void {
    this.#channel.sendBytes(command, payload);
  }

  receive(frame: Frame): void {
    this.#channel.receive(frame);
  }

  /** What the peer asked before a fault of its own is answered still, as pyquarkchain does it; where it has left, nothing is. */
  close(reason: LinkError): void {
    const hasLeft = reason.fault === "closed";
    if (this.isOpen) this.#parts.log(hasLeft ? "info" : "warn", `${this.name}: closed: ${reason.message}`);
    if (hasLeft) this.#channel.close(reason.message);
    else this.#channel.closeAfterAnswers(reason.message);
  }

  #write(frame: Frame): void {
    const { length } = frame.payload;
    if (length > PEER_PAYLOAD_LIMIT) {
      throw new LinkError("oversized", `${this.name}: a message of ${length} bytes, at most ${PEER_PAYLOAD_LIMIT} fit`);
    }
    const { queuedBytes } = this.#parts.carrier;
    if (queuedBytes + length > this.#parts.limits.carrierBytes) {
      throw new LinkError("overflow", `${this.name}: ${queuedBytes} bytes wait on the master's link`);
    }
    this.#parts.carrier.send({ ...frame, branch: this.branch, clusterPeerId: this.peerId });
  }
}
