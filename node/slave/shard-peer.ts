import type { MinorBlock } from "../chain/minor-block.ts";
import type { Hash32 } from "../codec/bytes.ts";
import type { Announcements } from "../sync/announcements.ts";
import type { PeerHeaders, SyncPeer } from "../sync/sync-peer.ts";
import { decode, encode } from "../wire/codec.ts";
import type { Command, Rpc } from "../wire/operation.ts";
import { PEER_RPC } from "../wire/peer-ops.ts";
import type { SlaveApi } from "./shard-api.ts";

/** quarkchain/constants.py SYNC_TIMEOUT. */
const ANSWER_MS = 30_000;
const TOWARDS_GENESIS = 0;

export interface ShardPeerParts {
  /** What the connection is called between threads. */
  readonly connection: number;
  readonly peerId: bigint;
  /** Full shard id. */
  readonly branch: number;
  readonly slave: SlaveApi;
  readonly announcements: Announcements;
}

/** The same shard of another cluster, over a connection that another thread has. */
export class ShardPeer implements SyncPeer {
  readonly connection: number;
  readonly peerId: bigint;
  readonly announcements: Announcements;
  readonly #branch: number;
  readonly #slave: SlaveApi;
  readonly #closing = new AbortController();

  constructor({ connection, peerId, branch, slave, announcements }: ShardPeerParts) {
    this.connection = connection;
    this.peerId = peerId;
    this.announcements = announcements;
    this.#branch = branch;
    this.#slave = slave;
  }

  get name(): string {
    return `peer ${this.peerId}`;
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  async headersFrom(hash: Hash32, limit: number): Promise<PeerHeaders> {
    return await this.#ask(PEER_RPC.getMinorBlockHeaderList, {
      ...{ hash, limit, branch: this.#branch, direction: TOWARDS_GENESIS },
    });
  }

  async blocks(hashes: readonly Hash32[]): Promise<readonly MinorBlock[]> {
    return (await this.#ask(PEER_RPC.getMinorBlockList, { hashes })).blocks;
  }

  close(reason: string): void {
    this.hasLeft();
    this.#slave.closePeer(this.connection, reason).catch(() => {});
  }

  /** Its connection is closed. */
  hasLeft(): void {
    this.#closing.abort();
  }

  tell<Message>(command: Command<Message>, message: Message): void {
    this.#slave.tellPeer(this.connection, command.op, encode(command.message, message)).catch(() => {});
  }

  async #ask<Request, Response>(rpc: Rpc<Request, Response>, message: Request): Promise<Response> {
    const answer = await this.#slave.askPeer(this.connection, rpc.op, encode(rpc.request, message), ANSWER_MS);
    return decode(rpc.response, answer, rpc.name);
  }
}
