import type { BlockSource } from "../../node/archive/block-source.ts";
import { GoquarkchainDatabase } from "../../node/archive/goquarkchain/database.ts";
import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { PyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { Receipt } from "../../node/chain/receipt.ts";
import type { Hash32 } from "../../node/codec/bytes.ts";
import { UnsupportedError } from "../../node/codec/errors.ts";
import { GoquarkchainRows } from "./goquarkchain-rows.ts";
import { PyquarkchainRows } from "./pyquarkchain-rows.ts";

/** Where a transaction lies; a hint of an index. */
export interface IndexedTransaction {
  readonly blockHash: Hash32;
  /** Place among the block's receipts: its transactions first, then the deposits it consumed. */
  readonly index: number;
}

/** A block as its database holds it. */
export interface StoredBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
}

/** Where hashes of a kind are looked up: with which a mistyped one can be compared. */
export interface HashKeys {
  readonly rows: KeyValueReader;
  readonly prefix: Uint8Array;
}

/** Rows that no check needs and that each client keeps in its own way. Undefined: the row is not there. */
export interface ClientRows {
  /** Rows of the root chain's database. */
  readonly rootRows: KeyValueReader | undefined;
  /** What the height index says: a hint. */
  rootHashAt(height: number): Hash32 | undefined;
  /** Root block that was being handed to the shards when the client stopped. */
  committingRootHash(): Hash32 | undefined;
  transaction(fullShardId: number, transactionHash: Hash32): IndexedTransaction | undefined;
  /** Whether the block's receipts are there, as far as that can be told from one row. */
  hasReceipts(fullShardId: number, stored: StoredBlock): boolean;
  /** The block's receipts, proved by its receipt root. Throws DatabaseDamagedError where they are not. */
  receipts(fullShardId: number, stored: StoredBlock): readonly Receipt[] | undefined;
  /** Transaction hashes of the deposits that a block consumed. */
  consumedDepositHashes(fullShardId: number, minorHash: Hash32): readonly Hash32[] | undefined;
  /** Whether a block's consumed deposits are kept: only with ENABLE_TRANSACTION_HISTORY. */
  hasConsumedDeposits(fullShardId: number, minorHash: Hash32): boolean;
  /** Whether there is any row of the index of transactions by address: only with ENABLE_TRANSACTION_HISTORY. */
  hasHistoryIndex(fullShardId: number): boolean;
  hashKeys(kind: "root block" | "minor block" | "transaction"): readonly HashKeys[];
  /** Readable form of a key. */
  describeKey(key: Uint8Array): string;
}

/** Whether a source is a client's own database, whose further rows clientRows() knows. */
export function isClientDatabase(source: BlockSource): boolean {
  return source instanceof PyquarkchainDatabase || source instanceof GoquarkchainDatabase;
}

/** Throws UnsupportedError for a client whose rows are not known. */
export function clientRows(source: BlockSource): ClientRows {
  if (source instanceof PyquarkchainDatabase) return new PyquarkchainRows(source);
  if (source instanceof GoquarkchainDatabase) return new GoquarkchainRows(source);
  throw new UnsupportedError(`the rows of a ${source.kind} database are not known`);
}
