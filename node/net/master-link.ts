import type { Clock } from "../codec/clock.ts";
import { CLUSTER_OPERATIONS } from "../wire/cluster-ops.ts";
import type { Frame } from "../wire/frame.ts";
import type { Rpc } from "../wire/operation.ts";
import type { RequestOptions } from "./channel.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";
import type { Handlers } from "./handlers.ts";
import type { Link, Log } from "./link.ts";
import type { LinkError } from "./link-error.ts";
import type { Peers } from "./peers.ts";

export interface MasterLinkParts {
  readonly link: Link;
  readonly handlers: Handlers<MasterLink>;
  readonly peers: Peers;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The master (slave.py MasterConnection): 12 bytes of metadata. A frame whose peer is not 0 belongs to a virtual connection.
 */
export class MasterLink {
  readonly #connection: Connection<MasterLink>;

  constructor({ peers, ...parts }: MasterLinkParts) {
    this.#connection = new Connection<MasterLink>({
      ...parts,
      name: `master at ${parts.link.remote}`,
      caller: this,
      metadataBytes: 12,
      operations: CLUSTER_OPERATIONS,
      route: (frame) => {
        if (frame.clusterPeerId === 0n) return false;
        peers.receive(frame);
        return true;
      },
    });
    peers.carriedBy(this);
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** Why it closed: a slave without master ends. */
  get closed(): Promise<LinkError> {
    return this.#connection.closed;
  }

  get queuedBytes(): number {
    return this.#connection.queuedBytes;
  }

  /** Also while a request of the master is being served (O4). */
  request<Request, Response>(
    rpc: Rpc<Request, Response>,
    message: Request,
    options?: RequestOptions,
  ): Promise<Response> {
    return this.#connection.channel.request(rpc, message, options);
  }

  /** As `request`, for messages that are encoded and decoded in the thread of a shard. */
  requestBytes<Request, Response>(
    rpc: Rpc<Request, Response>,
    payload: Uint8Array,
    options?: RequestOptions,
  ): Promise<Uint8Array> {
    return this.#connection.channel.requestBytes(rpc, payload, options);
  }

  /** A frame of a virtual connection. */
  send(frame: Frame): void {
    this.#connection.send(frame);
  }

  close(reason: LinkError): void {
    this.#connection.close(reason);
  }
}
