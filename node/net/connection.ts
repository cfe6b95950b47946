import type { Clock } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import { CLUSTER_PAYLOAD_LIMIT, encodeFrame, type Frame, FrameDecoder, type MetadataBytes } from "../wire/frame.ts";
import type { Operation } from "../wire/operation.ts";
import { Channel, type ChannelLimits } from "./channel.ts";
import type { Handlers } from "./handlers.ts";
import type { Link, Log } from "./link.ts";
import { LinkError } from "./link-error.ts";

export interface ConnectionParts<Caller> {
  readonly link: Link;
  readonly name: string;
  readonly caller: Caller;
  readonly metadataBytes: MetadataBytes;
  readonly operations: ReadonlyMap<number, Operation>;
  readonly handlers: Handlers<Caller>;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Frames that are somebody else's: true when it took the frame. What it throws closes the connection. */
  readonly route?: (frame: Frame) => boolean;
}

export interface ConnectionLimits extends ChannelLimits {
  /** Bytes that wait for an end which does not read: beyond, it is dropped. */
  readonly queuedBytes: number;
}

/** Frames of up to CLUSTER_PAYLOAD_LIMIT must fit in twice. */
export const MOST_QUEUED_BYTES = 2 * CLUSTER_PAYLOAD_LIMIT;

/** One TCP connection inside the cluster: frames in and out, and the channel of those that are addressed to it. */
export class Connection<Caller> {
  readonly channel: Channel<Caller>;
  /** Why it closed; once, never rejects. */
  readonly closed: Promise<LinkError>;
  readonly #parts: ConnectionParts<Caller>;
  readonly #decoder: FrameDecoder;
  #name: string;
  #resolveClosed: (reason: LinkError) => void = () => {};

  /** Frames are received from here on. */
  constructor(parts: ConnectionParts<Caller>) {
    this.#parts = parts;
    this.#name = parts.name;
    this.#decoder = new FrameDecoder(parts.metadataBytes, CLUSTER_PAYLOAD_LIMIT);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.channel = new Channel({
      ...parts,
      name: () => this.#name,
      branch: 0,
      clusterPeerId: 0n,
      write: (frame) => this.send(frame),
      fail: (error) => this.close(error),
    });
    parts.link.open({
      received: (bytes) => this.#receive(bytes),
      closed: (reason) => this.close(new LinkError("closed", reason)),
    });
  }

  /** Whose it is, for log lines. */
  get name(): string {
    return this.#name;
  }

  /** Known once the other end has said who it is. */
  rename(name: string): void {
    this.#name = name;
  }

  get isOpen(): boolean {
    return this.channel.isOpen;
  }

  get queuedBytes(): number {
    return this.#parts.link.queuedBytes;
  }

  /** Throws LinkError "oversized" or "overflow"; the latter closes the connection. */
  send(frame: Frame): void {
    if (!this.isOpen) return;
    const { length } = frame.payload;
    if (length > CLUSTER_PAYLOAD_LIMIT) {
      throw new LinkError(
        "oversized",
        `${this.#name}: a message of ${length} bytes, at most ${CLUSTER_PAYLOAD_LIMIT} fit`,
      );
    }
    if (this.queuedBytes + length > this.#parts.limits.queuedBytes) {
      const error = new LinkError("overflow", `${this.#name}: ${this.queuedBytes} bytes wait to be read by it`);
      this.close(error);
      throw error;
    }
    this.#parts.link.send(encodeFrame(frame, this.#parts.metadataBytes));
  }

  close(reason: LinkError): void {
    if (!this.isOpen) return;
    this.#parts.log(reason.fault === "closed" ? "info" : "warn", `${this.#name}: closed: ${reason.message}`);
    this.channel.close(reason.message);
    this.#parts.link.close();
    this.#resolveClosed(reason);
  }

  #receive(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    try {
      for (const frame of this.#decoder.push(bytes)) {
        if (!this.isOpen) return;
        if (this.#parts.route?.(frame) !== true) this.channel.receive(frame);
      }
    } catch (error) {
      this.close(error instanceof LinkError ? error : new LinkError("protocol", reasonOf(error), { cause: error }));
    }
  }
}
