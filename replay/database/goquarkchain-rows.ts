import type { GoquarkchainDatabase } from "../../node/archive/goquarkchain/database.ts";
import { describeKey, PREFIX, ROOT_COMMITTING_KEY } from "../../node/archive/goquarkchain/keys.ts";
import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { decodeStoredReceipts } from "../../node/chain/decode-receipt.ts";
import { encodeReceipt, type Receipt } from "../../node/chain/receipt.ts";
import { asHash32, bytesEqual, concatBytes, type Hash32, toHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../node/codec/errors.ts";
import { WireReader } from "../../node/codec/wire.ts";
import { orderedTrieRoot } from "../../node/el/trie/ordered-trie-root.ts";
import type { ClientRows, HashKeys, IndexedTransaction, StoredBlock } from "./client-rows.ts";
import { firstKeyWith } from "./key-prefix.ts";

const HISTORY = [PREFIX.addressHistory, PREFIX.shardHistory];

/** goquarkchain's own rows. */
export class GoquarkchainRows implements ClientRows {
  readonly #source: GoquarkchainDatabase;

  constructor(source: GoquarkchainDatabase) {
    this.#source = source;
  }

  get rootRows(): KeyValueReader | undefined {
    return this.#source.rootArchive()?.rows;
  }

  rootHashAt(height: number): Hash32 | undefined {
    return this.#source.rootArchive()?.canonicalHashAt(height);
  }

  committingRootHash(): Hash32 | undefined {
    const row = this.rootRows?.get(ROOT_COMMITTING_KEY);
    return row?.length === 32 ? asHash32(row) : undefined;
  }

  transaction(fullShardId: number, transactionHash: Hash32): IndexedTransaction | undefined {
    return this.#source.shard(fullShardId).transactionPlace(transactionHash);
  }

  hasReceipts(fullShardId: number, { hash, block }: StoredBlock): boolean {
    return block.header.height === 0 || this.#source.shard(fullShardId).rows.has(concatBytes(PREFIX.receipts, hash));
  }

  receipts(fullShardId: number, { hash, block }: StoredBlock): readonly Receipt[] | undefined {
    if (bytesEqual(block.meta.receiptRoot, ZERO_HASH)) return [];
    const key = concatBytes(PREFIX.receipts, hash);
    const row = this.#source.shard(fullShardId).rows.get(key);
    if (row === undefined) return undefined;
    const receipts = decodeStoredReceipts(row);
    if (bytesEqual(orderedTrieRoot(receipts.map(encodeReceipt)), block.meta.receiptRoot)) return receipts;
    throw new DatabaseDamagedError(`shard ${fullShardId}: the receipts stored for a block are not the ones it names`, {
      key: describeKey(key),
    });
  }

  consumedDepositHashes(fullShardId: number, minorHash: Hash32): readonly Hash32[] | undefined {
    return this.#row(fullShardId, PREFIX.consumedDepositHashes, minorHash, (reader) =>
      reader.list32("deposit hash list", 32, (item) => item.hash32("deposit hash")),
    );
  }

  hasConsumedDeposits(fullShardId: number, minorHash: Hash32): boolean {
    return this.#source.shard(fullShardId).rows.has(concatBytes(PREFIX.consumedDeposits, minorHash));
  }

  hasHistoryIndex(fullShardId: number): boolean {
    const { rows } = this.#source.shard(fullShardId);
    return HISTORY.some((prefix) => firstKeyWith(rows, prefix) !== undefined);
  }

  hashKeys(kind: "root block" | "minor block" | "transaction"): readonly HashKeys[] {
    if (kind === "root block") {
      const rows = this.rootRows;
      return rows === undefined ? [] : [{ rows, prefix: PREFIX.block }];
    }
    const prefix = kind === "minor block" ? PREFIX.block : PREFIX.transactionIndex;
    return this.#source.fullShardIds.map((id) => ({ rows: this.#source.shard(id).rows, prefix }));
  }

  describeKey(key: Uint8Array): string {
    return describeKey(key);
  }

  #row<T>(fullShardId: number, prefix: Uint8Array, hash: Hash32, read: (reader: WireReader) => T): T | undefined {
    const row = this.#source.shard(fullShardId).rows.get(concatBytes(prefix, hash));
    if (row === undefined) return undefined;
    try {
      return read(new WireReader(row));
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      const key = `${Buffer.from(prefix).toString("latin1")}${toHex(hash)}`;
      throw new DatabaseDamagedError(`altered row of shard ${fullShardId}: ${error.message}`, { key });
    }
  }
}
