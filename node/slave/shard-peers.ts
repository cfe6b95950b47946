import type { MinorBlock } from "../chain/minor-block.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import type { Hash32 } from "../codec/bytes.ts";
import { reasonOf } from "../codec/errors.ts";
import { EngineError } from "../engine/engine-error.ts";
import { Handlers } from "../net/handlers.ts";
import { LinkError } from "../net/link-error.ts";
import { Announcements } from "../sync/announcements.ts";
import { fetchBlocks } from "../sync/fetch-blocks.ts";
import { PeerServer } from "../sync/peer-server.ts";
import { PushedBlocks } from "../sync/pushed-blocks.ts";
import { relayTransactions } from "../sync/relay-transactions.ts";
import type { SyncParts } from "../sync/sync-parts.ts";
import type { SyncPeer } from "../sync/sync-peer.ts";
import { Synchronizer } from "../sync/synchronizer.ts";
import { encode } from "../wire/codec.ts";
import { PEER_COMMAND, PEER_RPC } from "../wire/peer-ops.ts";
import { type OpenShard, secondsNow } from "./open-shard.ts";
import type { SlaveApi } from "./shard-api.ts";
import { ShardPeer } from "./shard-peer.ts";

/** A shard among the same shards of other clusters (pyquarkchain cluster/shard.py PeerShardConnection, of all peers). */
export class ShardPeers {
  readonly synchronizer: Synchronizer;
  readonly pushed: PushedBlocks;
  readonly #shard: OpenShard;
  readonly #slave: SlaveApi;
  readonly #server: PeerServer;
  readonly #handlers: Handlers<ShardPeer>;
  readonly #peers = new Map<number, ShardPeer>();

  constructor(shard: OpenShard, slave: SlaveApi) {
    this.#shard = shard;
    this.#slave = slave;
    const { config, chain, roots, pipeline, seals, node, outlets } = shard;
    const parts: SyncParts = {
      ...{ config, chain, roots, seals, intake: pipeline, clock: secondsNow },
      log: (level, line) => outlets.log(level, line),
    };
    this.synchronizer = new Synchronizer(parts);
    const broadcast = (block: MinorBlock, except: SyncPeer | undefined) => this.#broadcastBlock(block, except);
    this.pushed = new PushedBlocks({ ...parts, synchronizer: this.synchronizer, broadcast });
    this.#server = new PeerServer(chain, node.store);
    this.#handlers = this.#peerHandlers();
    outlets.announceWith(() => this.#announceHead());
  }

  /** Connections that are open. */
  get size(): number {
    return this.#peers.size;
  }

  opened(connection: number, peerId: bigint): void {
    const { chain, roots } = this.#shard;
    const announcements = new Announcements(chain, roots);
    const branch = chain.fullShardId;
    this.#peers.set(connection, new ShardPeer({ connection, peerId, branch, slave: this.#slave, announcements }));
  }

  closed(connection: number): void {
    this.#peers.get(connection)?.hasLeft();
    this.#peers.delete(connection);
  }

  /** The peer that the master calls so; undefined where it is not here, or its connection is closed. */
  find(peerId: bigint): SyncPeer | undefined {
    return [...this.#peers.values()].find((peer) => peer.peerId === peerId && !peer.signal.aborted);
  }

  /** Adds blocks that are missing here, ascending, from whichever peer has them. Throws BlocksNotFetchedError. */
  async fetch(hashes: readonly Hash32[]): Promise<void> {
    const { chain, pipeline } = this.#shard;
    await fetchBlocks({ chain, intake: pipeline }, [...this.#peers.values()], hashes);
  }

  /** Rejects where the peer's connection has to be closed. */
  async request(connection: number, op: number, payload: Uint8Array): Promise<Uint8Array> {
    const handler = this.#handlers.get(op);
    if (handler?.kind !== "request") throw new LinkError("protocol", `operation ${op} is not served here`);
    return await handler.handle(payload, this.#peer(connection));
  }

  /** As `request`. */
  async command(connection: number, op: number, payload: Uint8Array): Promise<void> {
    const handler = this.#handlers.get(op);
    if (handler?.kind !== "command") throw new LinkError("protocol", `operation ${op} is not served here`);
    await handler.handle(payload, this.#peer(connection));
  }

  /** Transactions of a peer, or of this node's own load test: what the pool takes goes to the other peers. */
  async relay(transactions: readonly TypedTransaction[], from?: SyncPeer): Promise<void> {
    const relay = {
      admit: (transaction: TypedTransaction) => this.#admit(transaction),
      broadcast: (taken: readonly TypedTransaction[], except: SyncPeer | undefined) =>
        this.#broadcast(PEER_COMMAND.newTransactionList.op, transactionList(taken), except),
    };
    await relayTransactions(relay, transactions, from);
  }

  /** Nothing is downloaded any more. */
  async stop(): Promise<void> {
    for (const peer of this.#peers.values()) peer.hasLeft();
    await this.synchronizer.stop();
  }

  #peerHandlers(): Handlers<ShardPeer> {
    return new Handlers<ShardPeer>()
      .answer(PEER_RPC.getMinorBlockList, ({ hashes }) => ({ blocks: this.#server.blocks(hashes) }))
      .answer(PEER_RPC.getMinorBlockHeaderList, (request) => this.#server.headers(request))
      .answer(PEER_RPC.getMinorBlockHeaderListWithSkip, (request) => this.#server.headersWithSkip(request))
      .take(PEER_COMMAND.newMinorBlockHeaderList, ({ rootHeader, headers }, peer) => {
        const header = peer.announcements.received(rootHeader, headers);
        if (header !== undefined) this.synchronizer.addTask(header, peer);
      })
      .take(PEER_COMMAND.newBlockMinor, async ({ block }, peer) => {
        peer.announcements.receivedBlock(block.header);
        await this.pushed.push(block, peer);
      })
      .take(PEER_COMMAND.newTransactionList, ({ transactions }, peer) => this.relay(transactions, peer));
  }

  #announceHead(): void {
    for (const peer of this.#peers.values()) {
      const tip = peer.announcements.tipToTell(this.#shard.snapshot());
      if (tip === undefined) continue;
      peer.tell(PEER_COMMAND.newMinorBlockHeaderList, { rootHeader: tip.rootHeader, headers: [tip.header] });
    }
  }

  #broadcastBlock(block: MinorBlock, except: SyncPeer | undefined): void {
    for (const peer of this.#peers.values()) if (peer !== except) peer.announcements.toldBlock(block.header);
    const { op, message } = PEER_COMMAND.newBlockMinor;
    this.#broadcast(op, encode(message, { block }), except);
  }

  #broadcast(op: number, payload: Uint8Array, except: SyncPeer | undefined): void {
    const connection = except instanceof ShardPeer ? except.connection : undefined;
    this.#slave.broadcast(op, payload, connection).catch(() => {});
  }

  #admit(transaction: TypedTransaction): boolean {
    try {
      this.#shard.pool.add(transaction);
      return true;
    } catch (error) {
      if (error instanceof EngineError) return false;
      this.#shard.outlets.log("error", `a transaction could not be looked at: ${reasonOf(error)}`);
      return false;
    }
  }

  #peer(connection: number): ShardPeer {
    const peer = this.#peers.get(connection);
    if (peer !== undefined) return peer;
    throw new LinkError("closed", "the peer has left");
  }
}

function transactionList(transactions: readonly TypedTransaction[]): Uint8Array {
  return encode(PEER_COMMAND.newTransactionList.message, { transactions });
}
