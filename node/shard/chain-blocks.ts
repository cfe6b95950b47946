import type { MinorBlock } from "../chain/minor-block.ts";
import type { KnownMinorBlock, MinorBlocks } from "../cl/minor-chain.ts";
import { bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { RecentByHash } from "../codec/recent-map.ts";
import type { ExecutedBlock } from "./block-judge.ts";
import type { BaseBlocks } from "./chain-types.ts";
import type { MinorRef } from "./fork-choice.ts";
import type { ExecutedRows } from "./store/cl-batch.ts";
import { type BlockHistory, type IndexedBlock, type MinorRecord, partiesOf } from "./store/cl-rows.ts";
import type { ClStore } from "./store/cl-store.ts";

/** A staking window, the ancestors that BLOCKHASH reaches and a root block's worth of blocks fit twice. */
const MAX_RECENT = 2048;

/**
 * What consensus sees of a shard's blocks (docs/adr/0007-consensus-sees-headers.md): of those that are executed and not
 * written yet from memory, of the others from the store's rows, of older ones from what lies below. Every look-up is
 * synchronous; no body is here.
 */
export class ChainBlocks implements MinorBlocks {
  readonly #store: ClStore;
  readonly #base: BaseBlocks | undefined;
  readonly #keepsHistory: boolean;
  readonly #unwritten = new Map<string, ExecutedRows>();
  readonly #recent = new RecentByHash<KnownMinorBlock>(MAX_RECENT);

  constructor(store: ClStore, base: BaseBlocks | undefined, keepsHistory: boolean) {
    this.#store = store;
    this.#base = base;
    this.#keepsHistory = keepsHistory;
  }

  hasMinorBlock(hash: Hash32): boolean {
    return this.#find(hash) !== undefined;
  }

  minorBlock(hash: Hash32): KnownMinorBlock {
    const known = this.#find(hash) ?? this.#base?.minorBlock(hash);
    if (known !== undefined) return known;
    throw new DatabaseDamagedError(`shard ${this.#store.fullShardId} holds no block ${toHex(hash)}`);
  }

  ref(hash: Hash32): MinorRef {
    return minorRef(hash, this.minorBlock(hash));
  }

  /** A block of what lies below, with its body. */
  readBase(hash: Hash32): MinorBlock | undefined {
    const block = this.#base?.minorBlock(hash);
    if (block !== undefined) this.#recent.set(hash, { header: block.header, meta: block.meta });
    return block;
  }

  /** Whether the block was executed here, be it written yet or not. */
  isExecuted(hash: Hash32): boolean {
    return this.#unwritten.has(bytesKey(hash)) || this.#store.hasMinorBlock(hash);
  }

  /** The rows of a block that was executed just now; it is known from here on. */
  executed({ hash, block, consumed, rootTipHeight }: Omit<ExecutedBlock, "sends">): ExecutedRows {
    const { header, meta, transactions } = block;
    const record: MinorRecord = { header, meta, transactionCount: transactions.length, rootTipHeight };
    const before = header.height === 0 ? 0 : this.#chainTransactionCount(header.prevMinorBlockHash);
    const rows: ExecutedRows = {
      hash,
      record,
      consumed,
      parties: this.#keepsHistory ? partiesOf(block) : undefined,
      chainTransactionCount: before + transactions.length,
    };
    this.#unwritten.set(bytesKey(hash), rows);
    return rows;
  }

  /** What is kept of a block that was executed here. */
  record(hash: Hash32): MinorRecord {
    const record = this.#unwritten.get(bytesKey(hash))?.record ?? this.#store.minorRecord(hash);
    if (record !== undefined) return record;
    throw new DatabaseDamagedError(`shard ${this.#store.fullShardId} never executed block ${toHex(hash)}`);
  }

  /** The rows of these blocks are in the store. */
  written(hashes: readonly Hash32[]): void {
    for (const hash of hashes) {
      const key = bytesKey(hash);
      const rows = this.#unwritten.get(key);
      if (rows !== undefined) this.#recent.set(hash, { header: rows.record.header, meta: rows.record.meta });
      this.#unwritten.delete(key);
    }
  }

  /** What the indexes hold of an executed block where it is canonical. */
  indexed(hash: Hash32): IndexedBlock {
    const rows = this.#unwritten.get(bytesKey(hash));
    const record = this.record(hash);
    const history: BlockHistory | undefined =
      rows === undefined
        ? this.#keepsHistory
          ? this.#store.history(hash)
          : undefined
        : rows.parties && { parties: rows.parties, consumed: rows.consumed };
    return {
      hash,
      height: record.header.height,
      transactionCount: record.transactionCount,
      consumedHashes: rows?.consumed.map(({ txHash }) => txHash) ?? this.#store.consumedHashes(hash),
      history,
    };
  }

  #find(hash: Hash32): KnownMinorBlock | undefined {
    const known = this.#unwritten.get(bytesKey(hash))?.record ?? this.#recent.get(hash);
    if (known !== undefined) return known;
    const found =
      this.#store.minorRecord(hash) ?? (this.#base?.hasMinorBlock(hash) ? this.#base.minorBlock(hash) : undefined);
    if (found !== undefined) this.#recent.set(hash, { header: found.header, meta: found.meta });
    return found;
  }

  #chainTransactionCount(hash: Hash32): number {
    const count = this.#unwritten.get(bytesKey(hash))?.chainTransactionCount ?? this.#store.transactionCount(hash);
    if (count !== undefined) return count;
    throw new DatabaseDamagedError(`block ${toHex(hash)} is built on before it is executed`);
  }
}

export function minorRef(hash: Hash32, { header }: Pick<KnownMinorBlock, "header">): MinorRef {
  const { height, prevMinorBlockHash, prevRootBlockHash } = header;
  return { hash, height, prevMinorBlockHash, prevRootBlockHash };
}
