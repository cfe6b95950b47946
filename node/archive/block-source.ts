import type { CrossShardDepositList } from "../chain/deposit.ts";
import type { KnownHeader, MinorBlock } from "../chain/minor-block.ts";
import type { HashedRootBlock, RootBlock, RootBlockHeader } from "../chain/root-block.ts";
import type { Hash32 } from "../codec/bytes.ts";
import type { KeyValueReader } from "./key-value-reader.ts";
import type { LogStop } from "./sstable/wal.ts";

/**
 * Root blocks by hash. A block is returned only when its header hashes to the key; a missing or altered row is a
 * DatabaseDamagedError.
 */
export interface RootBlockSource {
  hasRootBlock(hash: Hash32): boolean;
  rootBlock(hash: Hash32): RootBlock;
  /** As rootBlock, with its hashes, where they are taken of the rows. */
  hashedRootBlock?(hash: Hash32): HashedRootBlock;
  /** As rootBlock, without decoding the minor headers: for walking long chains. */
  rootHeader(hash: Hash32): RootBlockHeader;
}

/** One shard's blocks, deposit lists and state rows. */
export interface ShardSource extends RootBlockSource {
  readonly fullShardId: number;
  /** What the client calls this database's folder, for messages. */
  readonly name: string;
  /** The block whose header hashes to `hash`; its body is not proved yet, only the header is. */
  minorBlock(hash: Hash32): MinorBlock;
  /** `known`: the header that hashes to `hash`, where somebody has it already. */
  hasMinorBlock(hash: Hash32, known?: KnownHeader): boolean;
  /** How messages name the row of a minor block, be it there or not. */
  minorBlockKey(hash: Hash32): string;
  /** Deposits a neighbour's block sent to this shard; undefined where no list was ever received. */
  depositList(sourceMinorHash: Hash32): CrossShardDepositList | undefined;
  /** How messages name the row of that list. */
  depositListKey(sourceMinorHash: Hash32): string;
  /**
   * Whether the client noted that a block's lists were stored by their destinations and its header by the master. Clients
   * of old noted nothing.
   */
  isCommitted(minorHash: Hash32): boolean;
  /** Hash of the block the database calls canonical at a height: a hint, to be proved by links. */
  canonicalHashAt(height: number): Hash32 | undefined;
  /** Rows of the state: trie nodes and code under their keccak. */
  readonly rows: KeyValueReader;
}

/** A whole database of some client: the root chain and the shards it holds. */
export interface BlockSource {
  /** Client that wrote it. */
  readonly kind: "pyquarkchain" | "goquarkchain";
  /** Ids of the shards that have data here, ascending. */
  readonly fullShardIds: readonly number[];
  /** Whether the root chain has a database of its own; otherwise root blocks come from a shard's copies. */
  readonly hasRootDatabase: boolean;
  /** What the client calls the root chain's folder, for messages. */
  readonly rootFolderName: string;
  /** What the client calls a shard's folder, for messages. */
  shardFolderName(fullShardId: number): string;
  /** The root tip the database names; undefined where only shard databases are present. */
  rootTipHash(): Hash32 | undefined;
  /** What the database calls its root genesis block: a hint, undefined where no index says so. */
  rootGenesisHash(): Hash32 | undefined;
  /** What the database calls its root block at a height: a hint, to be proved by links. */
  rootHashHint(height: number): Hash32 | undefined;
  /** Root blocks: the root database, or a shard's copies where that is missing. */
  rootBlocks(): RootBlockSource;
  /** Throws DatabaseDamagedError when the shard's database is missing or belongs to another shard. */
  shard(fullShardId: number): ShardSource;
  /** Logs of the databases opened so far that break off: what was written behind is lost, as after a crash. */
  tornLogs(): readonly LogStop[];
  /** What of the databases opened so far was opened otherwise than by the book: sentences. */
  openingNotes(): readonly string[];
  close(): void;
}
