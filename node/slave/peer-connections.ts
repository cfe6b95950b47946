import { Handlers } from "../net/handlers.ts";
import { LinkError } from "../net/link-error.ts";
import type { Peers } from "../net/peers.ts";
import type { VirtualConnection } from "../net/virtual-connection.ts";
import type { Command, Rpc } from "../wire/operation.ts";
import { PEER_COMMAND, PEER_RPC } from "../wire/peer-ops.ts";
import type { ShardApi } from "./shard-api.ts";

const RPCS: readonly Rpc<unknown, unknown>[] = Object.values(PEER_RPC) as Rpc<unknown, unknown>[];
const COMMANDS: readonly Command<unknown>[] = Object.values(PEER_COMMAND) as Command<unknown>[];

/** Virtual connections under the names by which threads of shards speak of them. */
export class PeerConnections {
  readonly #peers: Peers;
  readonly #connections = new Map<number, VirtualConnection>();
  /** Where a shard is served now: it may have been begun anew. */
  readonly #shards = new Map<number, ShardApi>();
  readonly #names = new WeakMap<VirtualConnection, number>();
  #next = 1;

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  /** The shard hears its peers from now on, be it alive for the first time or again. */
  addShard(fullShardId: number, api: ShardApi): void {
    const isNew = !this.#shards.has(fullShardId);
    this.#shards.set(fullShardId, api);
    if (isNew) this.#listen(fullShardId);
    else for (const connection of this.#peers.of(fullShardId)) this.#tellOpened(connection);
  }

  #listen(fullShardId: number): void {
    const handlers = new Handlers<VirtualConnection>();
    for (const rpc of RPCS) {
      handlers.answerBytes(rpc, (payload, connection) =>
        this.#api(fullShardId).peerRequest(this.#nameOf(connection), rpc.op, payload),
      );
    }
    for (const command of COMMANDS) {
      handlers.takeBytes(command, (payload, connection) =>
        this.#api(fullShardId).peerCommand(this.#nameOf(connection), command.op, payload),
      );
    }
    this.#peers.addShard(fullShardId, handlers, (connection) => this.#opened(connection));
  }

  broadcast(fullShardId: number, op: number, payload: Uint8Array, except: number | undefined): void {
    const sender = except === undefined ? undefined : this.#connections.get(except);
    this.#peers.broadcastBytes(fullShardId, commandOf(op), payload, sender);
  }

  /** Does nothing where the connection is closed: whoever misses a message will sync. */
  tell(connection: number, op: number, payload: Uint8Array): void {
    const open = this.#connections.get(connection);
    if (open?.isOpen) open.sendBytes(commandOf(op), payload);
  }

  async ask(connection: number, op: number, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const open = this.#connections.get(connection);
    const rpc = RPCS.find((each) => each.op === op);
    if (rpc === undefined) throw new TypeError(`a peer is asked for operation ${op}`);
    if (open === undefined) throw new LinkError("closed", `the peer was gone before ${rpc.name} could be asked`);
    return await open.requestBytes(rpc, payload, { timeoutMs });
  }

  close(connection: number, reason: string): void {
    this.#connections.get(connection)?.close(new LinkError("protocol", reason));
  }

  #opened(connection: VirtualConnection): void {
    const name = this.#next++;
    this.#connections.set(name, connection);
    this.#names.set(connection, name);
    this.#tellOpened(connection);
    connection.signal.addEventListener("abort", () => {
      this.#connections.delete(name);
      this.#api(connection.branch)
        .peerClosed(name)
        .catch(() => {});
    });
  }

  /** A shard that cannot be told is ending, and says so itself. */
  #tellOpened(connection: VirtualConnection): void {
    this.#api(connection.branch)
      .peerOpened(this.#nameOf(connection), connection.peerId)
      .catch(() => {});
  }

  #api(fullShardId: number): ShardApi {
    return this.#shards.get(fullShardId) as ShardApi;
  }

  #nameOf(connection: VirtualConnection): number {
    return this.#names.get(connection) as number;
  }
}

function commandOf(op: number): Command<unknown> {
  const command = COMMANDS.find((each) => each.op === op);
  if (command === undefined) throw new TypeError(`a peer is told operation ${op}`);
  return command;
}
