import type { RootBlock } from "../chain/root-block.ts";
import { NO_BALANCES } from "../chain/token-balances.ts";
import { EMPTY_BYTES, ZERO_HASH } from "../codec/bytes.ts";
import type { Clock } from "../codec/clock.ts";
import { EMPTY_QKC_ADDRESS } from "../codec/wire.ts";
import { CLUSTER_OPERATIONS, CLUSTER_RPC } from "../wire/cluster-ops.ts";
import type { Rpc } from "../wire/operation.ts";
import type { RequestOptions } from "./channel.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";
import type { Handlers } from "./handlers.ts";
import type { Link, Log } from "./link.ts";
import type { LinkError } from "./link-error.ts";

/** A slave as it presents itself: its name in the cluster's configuration, and the shards it holds, in that order. */
export interface SlaveIdentity {
  readonly id: string;
  readonly fullShardIds: readonly number[];
}

export interface SlaveLinkParts {
  readonly link: Link;
  readonly self: SlaveIdentity;
  /** Whether we dialled it, rather than they us. */
  readonly dialled: boolean;
  readonly handlers: Handlers<SlaveLink>;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** One connection to another slave of the cluster (slave.py SlaveConnection): 0 bytes of metadata. */
export class SlaveLink {
  readonly dialled: boolean;
  /** By the clock that was handed in. */
  readonly openedAt: number;
  readonly #self: SlaveIdentity;
  readonly #connection: Connection<SlaveLink>;
  #fellow: SlaveIdentity | undefined;

  constructor(parts: SlaveLinkParts) {
    this.dialled = parts.dialled;
    this.openedAt = parts.clock.now();
    this.#self = parts.self;
    this.#connection = new Connection<SlaveLink>({
      ...parts,
      name: `slave at ${parts.link.remote}`,
      caller: this,
      metadataBytes: 0,
      operations: CLUSTER_OPERATIONS,
    });
  }

  /** Undefined until it has said who it is, or has proved to be who it was dialled for. */
  get fellow(): SlaveIdentity | undefined {
    return this.#fellow;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** Why it closed. */
  get closed(): Promise<LinkError> {
    return this.#connection.closed;
  }

  get name(): string {
    return this.#connection.name;
  }

  knownAs(fellow: SlaveIdentity): void {
    this.#fellow = fellow;
    this.#connection.rename(`slave ${fellow.id}`);
  }

  /** Tells who we are, asks who they are. */
  async ping(timeoutMs: number): Promise<SlaveIdentity> {
    return this.request(CLUSTER_RPC.ping, { ...this.#self, rootTip: EMPTY_ROOT_BLOCK }, { timeoutMs });
  }

  request<Request, Response>(
    rpc: Rpc<Request, Response>,
    message: Request,
    options?: RequestOptions,
  ): Promise<Response> {
    return this.#connection.channel.request(rpc, message, options);
  }

  /** As `request`, for a message that is encoded already. */
  requestWithPayload<Request, Response>(rpc: Rpc<Request, Response>, payload: Uint8Array): Promise<Response> {
    return this.#connection.channel.requestWithPayload(rpc, payload);
  }

  close(reason: LinkError): void {
    this.#connection.close(reason);
  }
}

/** slave.py send_ping: an empty block rather than none; only the master's PING carries a real one. */
const EMPTY_ROOT_BLOCK: RootBlock = {
  header: {
    version: 0,
    height: 0,
    prevBlockHash: ZERO_HASH,
    merkleRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    coinbaseAddress: EMPTY_QKC_ADDRESS,
    coinbaseAmounts: NO_BALANCES,
    createTime: 0,
    difficulty: 0n,
    totalDifficulty: 0n,
    nonce: 0n,
    extraData: EMPTY_BYTES,
    mixhash: ZERO_HASH,
    signature: new Uint8Array(65),
  },
  minorHeaders: [],
  trackingData: EMPTY_BYTES,
};
