import { type QuarkChainConfig, shardConfigOf } from "../../chain/config.ts";
import { minorHeaderHash } from "../../chain/minor-block.ts";
import { type Hash32, toHex } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import type { PlacedBlock } from "../../el/store/ground.ts";
import type { ExecutionNode } from "../../execution-node/execution-node.ts";
import { ClBatch } from "../../shard/store/cl-batch.ts";
import type { MinorRecord } from "../../shard/store/cl-rows.ts";
import type { ClStore } from "../../shard/store/cl-store.ts";
import type { ImportWindow } from "./import-window.ts";

/** Root blocks of which rows are written together. */
const BATCH = 32;

/** Writes what lies at and below the ground of a window into the stores' own rows, the ground's state aside. */
export async function copyGround(
  { store, node }: { readonly store: ClStore; readonly node: ExecutionNode },
  window: ImportWindow,
): Promise<void> {
  await copyRoots(store, node.config, window);
  const records = recordsDown(store, window);
  const batch = new ClBatch();
  for (const { hash, record } of records) copyRecord(store, batch, hash, record);
  await store.write(batch);
  const blocks: PlacedBlock[] = records.map(({ hash }) => ({ hash, block: node.store.block(hash) }));
  await node.store.commitGround(blocks.reverse());
}

async function copyRoots(store: ClStore, config: QuarkChainConfig, window: ImportWindow): Promise<void> {
  const { lowerRoots, lowestRootHeight, listsFrom } = window;
  const { genesis } = shardConfigOf(config, store.fullShardId);
  let batch = new ClBatch();
  for (const [i, hash] of lowerRoots.entries()) {
    const height = lowestRootHeight + i;
    batch.putRootBlock(hash, store.rootBlock(hash), store.lastConfirmed(hash));
    if (height === genesis.rootHeight) copyGenesis(store, batch, hash);
    if (height >= listsFrom) copyLists(store, batch, hash);
    if (i % BATCH !== BATCH - 1) continue;
    await store.write(batch);
    batch = new ClBatch();
  }
  await store.write(batch);
}

function copyGenesis(store: ClStore, batch: ClBatch, rootHash: Hash32): void {
  const block = store.genesisBlock(rootHash);
  if (block !== undefined) batch.putGenesisBlock(rootHash, block);
}

/** Of the blocks that a root block confirms. */
function copyLists(store: ClStore, batch: ClBatch, rootHash: Hash32): void {
  for (const header of store.rootBlock(rootHash).minorHeaders) {
    const sourceMinorHash = minorHeaderHash(header);
    const encoded = store.encodedDepositList(sourceMinorHash);
    if (encoded !== undefined) batch.putReceivedDeposits(sourceMinorHash, encoded);
  }
}

interface FoundRecord {
  readonly hash: Hash32;
  readonly record: MinorRecord;
}

/** From the ground down. */
function recordsDown(store: ClStore, { ground, lowestHeight }: ImportWindow): FoundRecord[] {
  const records: FoundRecord[] = [];
  for (let hash = ground; ; ) {
    const record = store.minorRecord(hash);
    if (record === undefined) throw new DatabaseDamagedError(`shard ${store.fullShardId} lacks block ${toHex(hash)}`);
    records.push({ hash, record });
    if (record.header.height <= lowestHeight) return records;
    hash = record.header.prevMinorBlockHash;
  }
}

/** What a block leaves that was executed here; the indexes of transactions begin above the ground. */
function copyRecord(store: ClStore, batch: ClBatch, hash: Hash32, record: MinorRecord): void {
  const { height } = record.header;
  const { transactionCount } = record;
  batch.index({ hash, height, transactionCount, consumedHashes: [], history: undefined });
  // The stores' own.
  if (store.baseBlock(hash) === undefined) return;
  const { parties, consumed } = store.history(hash);
  const chainTransactionCount = store.transactionCount(hash) ?? 0;
  batch.putExecuted({ hash, record, consumed, parties, chainTransactionCount }).putCommitted(hash);
}
