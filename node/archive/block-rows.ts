import { type CrossShardDepositList, decodeDepositList } from "../chain/deposit.ts";
import { decodeMinorBlock, type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import {
  decodeRootBlock,
  type RootBlock,
  type RootBlockHeader,
  readRootBlockHeader,
  rootHeaderHash,
} from "../chain/root-block.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import { WireReader } from "../codec/wire.ts";
import type { RootBlockSource, ShardSource } from "./block-source.ts";
import type { KeyValueReader } from "./key-value-reader.ts";
import { alteredRow, decodeRow, type NamedDatabase, optionalHash, requireRow } from "./rows.ts";

/** Where a client keeps what both clients store alike. */
export interface BlockKeys {
  rootBlock(hash: Hash32): Uint8Array;
  minorBlock(hash: Hash32): Uint8Array;
  /** Row with the hash of the canonical minor block at a height. */
  minorHashAt(height: number): Uint8Array;
  /** Row with the deposits that a neighbour's block sent here. */
  receivedDeposits(sourceMinorHash: Hash32): Uint8Array;
}

/** Root blocks under their hash: in the root chain's database, and copied to every shard's. */
export class RootBlockRows implements RootBlockSource {
  readonly rows: KeyValueReader;
  protected readonly database: NamedDatabase;
  protected readonly keys: BlockKeys;

  constructor(rows: KeyValueReader, database: NamedDatabase, keys: BlockKeys) {
    this.rows = rows;
    this.database = database;
    this.keys = keys;
  }

  hasRootBlock(hash: Hash32): boolean {
    return this.rows.has(this.keys.rootBlock(hash));
  }

  rootBlock(hash: Hash32): RootBlock {
    const key = this.keys.rootBlock(hash);
    const row = requireRow(this.rows, this.database, key, "root block");
    const block = decodeRow(this.database, key, row, decodeRootBlock);
    this.proveHeader(key, hash, block.header);
    return block;
  }

  rootHeader(hash: Hash32): RootBlockHeader {
    const key = this.keys.rootBlock(hash);
    const row = requireRow(this.rows, this.database, key, "root block");
    const header = decodeRow(this.database, key, row, (bytes) => readRootBlockHeader(new WireReader(bytes)));
    this.proveHeader(key, hash, header);
    return header;
  }

  close(): void {
    this.rows.close();
  }

  private proveHeader(key: Uint8Array, hash: Hash32, header: RootBlockHeader): void {
    if (!bytesEqual(rootHeaderHash(header), hash)) throw alteredRow(this.database, key, "root block");
  }
}

/** One shard's database. */
export class ShardBlockRows extends RootBlockRows implements ShardSource {
  readonly fullShardId: number;

  constructor(rows: KeyValueReader, database: NamedDatabase, keys: BlockKeys, fullShardId: number) {
    super(rows, database, keys);
    this.fullShardId = fullShardId;
  }

  get name(): string {
    return this.database.name;
  }

  minorBlock(hash: Hash32): MinorBlock {
    const key = this.keys.minorBlock(hash);
    const row = requireRow(this.rows, this.database, key, "minor block");
    const block = decodeRow(this.database, key, row, decodeMinorBlock);
    if (!bytesEqual(minorHeaderHash(block.header), hash)) throw alteredRow(this.database, key, "minor block");
    return block;
  }

  hasMinorBlock(hash: Hash32): boolean {
    return this.rows.has(this.keys.minorBlock(hash));
  }

  minorBlockKey(hash: Hash32): string {
    return this.database.describeKey(this.keys.minorBlock(hash));
  }

  depositListKey(sourceMinorHash: Hash32): string {
    return this.database.describeKey(this.keys.receivedDeposits(sourceMinorHash));
  }

  depositList(sourceMinorHash: Hash32): CrossShardDepositList | undefined {
    return this.optionalDepositList(this.keys.receivedDeposits(sourceMinorHash));
  }

  canonicalHashAt(height: number): Hash32 | undefined {
    return optionalHash(this.rows, this.database, this.keys.minorHashAt(height));
  }

  protected optionalDepositList(key: Uint8Array): CrossShardDepositList | undefined {
    const row = this.rows.get(key);
    return row === undefined ? undefined : decodeRow(this.database, key, row, decodeDepositList);
  }
}
