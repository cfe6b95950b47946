import { type CrossShardDepositList, decodeDepositList } from "../chain/deposit.ts";
import { decodeBehindHeader, decodeHashedMinorBlock, type KnownHeader, type MinorBlock } from "../chain/minor-block.ts";
import {
  decodeHashedRootBlock,
  type HashedRootBlock,
  type RootBlock,
  type RootBlockHeader,
  readHashedRootHeader,
} from "../chain/root-block.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import { RecentByHash } from "../codec/recent-map.ts";
import { WireReader } from "../codec/wire.ts";
import type { RootBlockSource, ShardSource } from "./block-source.ts";
import type { KeyValueReader } from "./key-value-reader.ts";
import { alteredRow, decodeRow, type NamedDatabase, optionalHash, optionalRow, requireRow } from "./rows.ts";

/** A root block's worth of blocks of one shard. */
const MAX_SEEN_BLOCKS = 256;
const MAX_DEPOSIT_LISTS = 512;

interface SeenBlock {
  readonly row: Uint8Array;
  readonly known: KnownHeader | undefined;
}

/** Where a client keeps what both clients store alike. */
export interface BlockKeys {
  rootBlock(hash: Hash32): Uint8Array;
  minorBlock(hash: Hash32): Uint8Array;
  /** Row with the hash of the canonical minor block at a height. */
  minorHashAt(height: number): Uint8Array;
  /** Row with the deposits that a neighbour's block sent here. */
  receivedDeposits(sourceMinorHash: Hash32): Uint8Array;
  /** Row that is there when everybody has been told of a minor block. */
  committed(minorHash: Hash32): Uint8Array;
  /** Row with how many transactions the chain up to and including a minor block has. */
  transactionCount(minorHash: Hash32): Uint8Array;
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
    return this.hashedRootBlock(hash).block;
  }

  hashedRootBlock(hash: Hash32): HashedRootBlock {
    const key = this.keys.rootBlock(hash);
    const row = requireRow(this.rows, this.database, key, "root block");
    const hashed = decodeRow(this.database, key, row, decodeHashedRootBlock);
    if (!bytesEqual(hashed.hash, hash)) throw alteredRow(this.database, key, "root block");
    return { ...hashed, hash };
  }

  rootHeader(hash: Hash32): RootBlockHeader {
    const key = this.keys.rootBlock(hash);
    const row = requireRow(this.rows, this.database, key, "root block");
    const hashed = decodeRow(this.database, key, row, (bytes) => readHashedRootHeader(new WireReader(bytes)));
    if (!bytesEqual(hashed.hash, hash)) throw alteredRow(this.database, key, "root block");
    return hashed.header;
  }

  close(): void {
    this.rows.close();
  }
}

/** One shard's database. */
export class ShardBlockRows extends RootBlockRows implements ShardSource {
  readonly fullShardId: number;
  /** Rows of blocks that were asked for and are likely to be read next, by hash. */
  readonly #seenBlocks = new RecentByHash<SeenBlock>(MAX_SEEN_BLOCKS);
  /** Lists by the hash of the block that sent them: its own check reads them, and then the receiver's. */
  readonly #depositLists = new RecentByHash<CrossShardDepositList>(MAX_DEPOSIT_LISTS);

  constructor(rows: KeyValueReader, database: NamedDatabase, keys: BlockKeys, fullShardId: number) {
    super(rows, database, keys);
    this.fullShardId = fullShardId;
  }

  get name(): string {
    return this.database.name;
  }

  minorBlock(hash: Hash32): MinorBlock {
    const key = this.keys.minorBlock(hash);
    const seen = this.#takeSeen(hash);
    const { known } = seen ?? {};
    const row = seen?.row ?? requireRow(this.rows, this.database, key, "minor block");
    const proved = known && decodeRow(this.database, key, row, (bytes) => decodeBehindHeader(bytes, known));
    if (proved !== undefined) return proved;
    const hashed = decodeRow(this.database, key, row, decodeHashedMinorBlock);
    if (!bytesEqual(hashed.hash, hash)) throw alteredRow(this.database, key, "minor block");
    return hashed.block;
  }

  hasMinorBlock(hash: Hash32, known?: KnownHeader): boolean {
    const row = this.rows.get(this.keys.minorBlock(hash));
    if (row !== undefined) this.#seenBlocks.set(hash, { row, known });
    return row !== undefined;
  }

  minorBlockKey(hash: Hash32): string {
    return this.database.describeKey(this.keys.minorBlock(hash));
  }

  depositListKey(sourceMinorHash: Hash32): string {
    return this.database.describeKey(this.keys.receivedDeposits(sourceMinorHash));
  }

  depositList(sourceMinorHash: Hash32): CrossShardDepositList | undefined {
    const known = this.#depositLists.get(sourceMinorHash);
    if (known !== undefined) return known;
    const list = this.optionalDepositList(this.keys.receivedDeposits(sourceMinorHash));
    if (list !== undefined) this.#depositLists.set(sourceMinorHash, list);
    return list;
  }

  isCommitted(minorHash: Hash32): boolean {
    return this.rows.has(this.keys.committed(minorHash));
  }

  canonicalHashAt(height: number): Hash32 | undefined {
    return optionalHash(this.rows, this.database, this.keys.minorHashAt(height));
  }

  /** Transactions of the chain up to and including a block; old databases lack it. */
  transactionCount(minorHash: Hash32): number | undefined {
    return optionalRow(this.rows, this.database, this.keys.transactionCount(minorHash), (bytes) =>
      new WireReader(bytes).uint32("transaction count"),
    );
  }

  protected optionalDepositList(
    key: Uint8Array,
    decode: (bytes: Uint8Array) => CrossShardDepositList = decodeDepositList,
  ): CrossShardDepositList | undefined {
    return optionalRow(this.rows, this.database, key, decode);
  }

  #takeSeen(hash: Hash32): SeenBlock | undefined {
    const seen = this.#seenBlocks.get(hash);
    if (seen !== undefined) this.#seenBlocks.delete(hash);
    return seen;
  }
}
