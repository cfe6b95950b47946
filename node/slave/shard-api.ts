import type { FieldDifference } from "../engine/compare-execution.ts";
import type { ShardGauges } from "./shard-gauges.ts";
import type { ShardEvent } from "./websocket/shard-events.ts";

/**
 * What the thread of the links and the threads of shards say to each other. Messages of the wire stay bytes between them: they
 * are decoded and encoded where they are worked on, and nothing long happens where the links are. Every method may be called
 * over a MessagePort (port-calls.ts), so arguments and results are plain data.
 */

/** One shard, as the thread of the links sees it. */
export interface ShardApi {
  /** Brings the shard to life on a root block of its genesis height or later, as pyquarkchain's PING with a root tip does. */
  start(rootTip: Uint8Array): Promise<void>;
  /** Brings a shard that was alive before back to where its rows say that it stands. */
  resume(): Promise<void>;
  /** Why the shard cannot take a root block; undefined where it can, or has it already. Changes nothing. */
  rootObjection(rootBlock: Uint8Array): Promise<RootObjection | undefined>;
  addRoot(rootBlock: Uint8Array): Promise<AddedRoot>;
  /** Adds blocks that are missing here, by their hashes, ascending, from whichever peer has them. Rejects where none does. */
  fetch(hashes: readonly Uint8Array[]): Promise<void>;
  /** Sends once more what blocks of this shard send, and their headers. Those that are not here are left out. */
  tellAgain(hashes: readonly Uint8Array[]): Promise<void>;
  /**
   * ADD_XSHARD_TX_LIST or its batch, from whichever shard: the lists survive the end of the process when this resolves with the
   * answer. Rejects with LinkError "malformed" for one that cannot be read.
   */
  receive(op: number, payload: Uint8Array): Promise<Uint8Array>;
  /** Answers a request of the master. Rejects with LinkError "malformed" for one that cannot be read. */
  serve(op: number, payload: Uint8Array): Promise<Uint8Array>;
  /** MINE: start, stop, or other times. */
  mine(order: MiningOrder): Promise<void>;
  /** A peer's connection to this shard: `connection` is its name between threads, `peerId` what the master calls the peer. */
  peerOpened(connection: number, peerId: bigint): Promise<void>;
  peerClosed(connection: number): Promise<void>;
  /** Rejects where the peer's connection has to be closed. */
  peerRequest(connection: number, op: number, payload: Uint8Array): Promise<Uint8Array>;
  peerCommand(connection: number, op: number, payload: Uint8Array): Promise<void>;
  /** For whoever watches. Rejects before the shard is alive. */
  gauges(): Promise<ShardGauges>;
  /** Whether anybody hears of the shard's events from now on. */
  hear(isHeard: boolean): Promise<void>;
  /** Everything acknowledged is stored when this resolves. */
  close(): Promise<void>;
}

/** What a shard asks of its slave. */
export interface SlaveApi {
  /** Resolves when all holders of all destinations have the lists. */
  deliver(lists: readonly DepositsToDeliver[], how: "each" | "together"): Promise<void>;
  /** Asks the master. */
  askMaster(op: number, payload: Uint8Array): Promise<Uint8Array>;
  /** To all peers of the shard but one. */
  broadcast(op: number, payload: Uint8Array, except: number | undefined): Promise<void>;
  tellPeer(connection: number, op: number, payload: Uint8Array): Promise<void>;
  askPeer(connection: number, op: number, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  closePeer(connection: number, reason: string): Promise<void>;
  /** Something that subscribers hear of. */
  event(event: ShardEvent): Promise<void>;
  /** A new block is refused for what it declares. */
  refused(block: RefusedBlock): Promise<void>;
  log(level: LogLevel, line: string): Promise<void>;
  /** Nothing more can be done with the shard as it is: it has to be begun anew. */
  failed(reason: string): Promise<void>;
}

export interface RefusedBlock {
  readonly hash: Uint8Array;
  /** As encodeMinorBlock writes it. */
  readonly encoded: Uint8Array;
  /** What it declares and what it executes to. */
  readonly differences: readonly FieldDifference[];
  readonly violations: readonly { readonly code: string; readonly message: string }[];
}

export type LogLevel = "info" | "warn" | "error";

/** What a shard says against a root block, and what would help. */
export interface RootObjection {
  readonly text: string;
  /** Hashes of the shard's own blocks that are not here, ascending. */
  readonly blocks: readonly Uint8Array[];
  /** Lists of deposits that never came. */
  readonly lists: readonly { readonly sourceFullShardId: number; readonly sourceMinorHash: Uint8Array }[];
}

export interface AddedRoot {
  /** Undefined where it was added, or is known. */
  readonly refusal: string | undefined;
  readonly isTip: boolean;
}

export interface DepositsToDeliver {
  /** Full shard id. */
  readonly destination: number;
  /** Of the block that sends them. */
  readonly sourceMinorHash: Uint8Array;
  /** As encodeDepositList writes it. */
  readonly encoded: Uint8Array;
}

export interface MiningOrder {
  readonly mining: boolean;
  /** Seconds between blocks of the simulated miner. */
  readonly targetMinorBlockTime: number;
}
