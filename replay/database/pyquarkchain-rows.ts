import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import type { PyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import { describeKey, PREFIX, prefixedKey } from "../../node/archive/pyquarkchain/keys.ts";
import { decodeReceipt } from "../../node/chain/decode-receipt.ts";
import type { Receipt } from "../../node/chain/receipt.ts";
import { bytesEqual, type Hash32, ZERO_HASH } from "../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../node/codec/keccak.ts";
import { rlpEncodeUint } from "../../node/codec/rlp.ts";
import { ArchivedNodes } from "../../node/el/archived-nodes.ts";
import { Trie } from "../../node/el/trie/trie.ts";
import type { ClientRows, HashKeys, IndexedTransaction, StoredBlock } from "./client-rows.ts";
import { firstKeyWith } from "./key-prefix.ts";

const RECEIPT_CACHE_BYTES = 1 << 20;

/** pyquarkchain's own rows (cluster/shard_db_operator.py, cluster/root_state.py RootDb). */
export class PyquarkchainRows implements ClientRows {
  readonly #source: PyquarkchainDatabase;

  constructor(source: PyquarkchainDatabase) {
    this.#source = source;
  }

  get rootRows(): KeyValueReader | undefined {
    return this.#source.rootArchive()?.rows;
  }

  rootHashAt(height: number): Hash32 | undefined {
    return this.#source.rootArchive()?.canonicalHashAt(height);
  }

  committingRootHash(): Hash32 | undefined {
    return this.#source.rootArchive()?.committingHash();
  }

  transaction(fullShardId: number, transactionHash: Hash32): IndexedTransaction | undefined {
    const shard = this.#source.shard(fullShardId);
    const place = shard.transactionPlace(transactionHash);
    if (place === undefined) return undefined;
    const blockHash = shard.canonicalHashAt(place.height);
    return blockHash && { blockHash, index: place.index };
  }

  hasReceipts(fullShardId: number, { block }: StoredBlock): boolean {
    const { receiptRoot } = block.meta;
    return hasNoReceipts(receiptRoot) || this.#source.shard(fullShardId).rows.has(receiptRoot);
  }

  /** The nodes of the receipt trie lie among those of the state (core.py mk_receipt_sha). */
  receipts(fullShardId: number, { block }: StoredBlock): readonly Receipt[] | undefined {
    const { receiptRoot } = block.meta;
    if (hasNoReceipts(receiptRoot)) return [];
    const { rows } = this.#source.shard(fullShardId);
    const name = `shard-${fullShardId}.db`;
    const trie = new Trie(new ArchivedNodes(rows, { name, cacheBytes: RECEIPT_CACHE_BYTES }), receiptRoot);
    const receipts: Receipt[] = [];
    for (;;) {
      const stored = trie.get(rlpEncodeUint(BigInt(receipts.length)));
      if (stored === undefined) return receipts;
      receipts.push(decodeReceipt(stored));
    }
  }

  consumedDepositHashes(fullShardId: number, minorHash: Hash32): readonly Hash32[] | undefined {
    return this.#source.shard(fullShardId).consumedDepositHashes(minorHash);
  }

  hasConsumedDeposits(fullShardId: number, minorHash: Hash32): boolean {
    return this.#source.shard(fullShardId).rows.has(prefixedKey(PREFIX.consumedDeposits, minorHash));
  }

  hasHistoryIndex(fullShardId: number): boolean {
    const { rows } = this.#source.shard(fullShardId);
    return [PREFIX.addressIndex, PREFIX.allTransactionsIndex].some(
      (prefix) => firstKeyWith(rows, prefix) !== undefined,
    );
  }

  hashKeys(kind: "root block" | "minor block" | "transaction"): readonly HashKeys[] {
    if (kind === "root block") {
      const rows = this.rootRows;
      return rows === undefined ? [] : [{ rows, prefix: PREFIX.rootBlock }];
    }
    const prefix = kind === "minor block" ? PREFIX.minorBlock : PREFIX.transactionIndex;
    return this.#source.fullShardIds.map((id) => ({ rows: this.#source.shard(id).rows, prefix }));
  }

  describeKey(key: Uint8Array): string {
    return describeKey(key);
  }
}

/** A genesis block names no trie at all. */
function hasNoReceipts(receiptRoot: Hash32): boolean {
  return bytesEqual(receiptRoot, ZERO_HASH) || bytesEqual(receiptRoot, EMPTY_TRIE_ROOT);
}
