import type { BlockCounts } from "../../node/archive/block-counts.ts";
import type { BlockSource, ShardSource } from "../../node/archive/block-source.ts";
import { GoquarkchainDatabase } from "../../node/archive/goquarkchain/database.ts";
import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { PyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import type { CrossShardDeposit } from "../../node/chain/deposit.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { Hash32 } from "../../node/codec/bytes.ts";
import { UnsupportedError } from "../../node/codec/errors.ts";
import { goquarkchainLayout } from "./goquarkchain-layout.ts";
import { pyquarkchainLayout } from "./pyquarkchain-layout.ts";

/** A block that was executed, as far as its client derives rows from it. */
export interface DerivingBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  /** What it consumed, in order. */
  readonly deposits: readonly CrossShardDeposit[];
  /** For each of its transactions, the addresses of this shard in whose history it appears. */
  readonly parties: readonly (readonly Uint8Array[])[];
}

/** Keys and values of the rows that a client derives from its chain: nothing executes them. */
export interface RowLayout {
  /** Readable form of a key. */
  describeKey(key: Uint8Array): string;
  minorHashAt(height: number): Uint8Array;
  rootHashAt(height: number): Uint8Array;
  transactionCount(hash: Hash32): Uint8Array;
  committed(hash: Hash32): Uint8Array;
  readonly committedValue: Uint8Array;
  consumedHashes(hash: Hash32): Uint8Array;
  consumed(hash: Hash32): Uint8Array;
  /** Whether a row says that these were consumed, in whatever version of its form. May throw CodecError. */
  isConsumed(row: Uint8Array, deposits: readonly CrossShardDeposit[]): boolean;
  place(transactionHash: Hash32): Uint8Array;
  /** Where a transaction or deposit lies; index counts transactions first. */
  placeValue(block: { readonly hash: Hash32; readonly height: number }, index: number): Uint8Array;
  /** What a value of a place names. */
  placeOf(value: Uint8Array, source: ShardSource): { readonly hash: Hash32 | undefined; readonly index: number };
  /** History of an address, and of the shard: height, whether it is a deposit, index. */
  addressHistory(address: Uint8Array, height: number, isDeposit: boolean, index: number): Uint8Array;
  shardHistory(height: number, isDeposit: boolean, index: number): Uint8Array;
  readonly historyValue: Uint8Array;
  lastConfirmed(rootHash: Hash32): Uint8Array;
  /** `hash` undefined: none is confirmed yet. */
  lastConfirmedValue(hash: Hash32 | undefined): Uint8Array;
  /** Where the root chain's database names the root block of a minor one; undefined for a client that does not. */
  readonly rootPlace?: (minorHash: Hash32) => Uint8Array;
  /** In the root chain's database: headers, coinbases, confirming blocks, and how many blocks each miner has. */
  lastHeaders(rootHash: Hash32): Uint8Array;
  minorCoinbase(minorHash: Hash32): Uint8Array;
  confirming(minorHash: Hash32, fullShardId: number): Uint8Array;
  blockCounts(fullShardId: number, rootHeight: number): Uint8Array;
  /** May throw CodecError. */
  readBlockCounts(row: Uint8Array): BlockCounts;
}

/** Throws UnsupportedError for a client whose rows are not known. */
export function rowLayout(source: BlockSource): RowLayout {
  if (source instanceof PyquarkchainDatabase) return pyquarkchainLayout;
  if (source instanceof GoquarkchainDatabase) return goquarkchainLayout;
  throw new UnsupportedError(`the rows of a ${source.kind} database are not known`);
}

/** Rows of the root chain's database; undefined where there is none. */
export function rootRowsOf(source: BlockSource): KeyValueReader | undefined {
  if (source instanceof PyquarkchainDatabase || source instanceof GoquarkchainDatabase)
    return source.rootArchive()?.rows;
  return undefined;
}
