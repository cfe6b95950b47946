import type { BlockSource, RootBlockSource, ShardSource } from "../../../node/archive/block-source.ts";
import type { KeyValueReader } from "../../../node/archive/key-value-reader.ts";
import type { CrossShardDepositList } from "../../../node/chain/deposit.ts";
import type { MinorBlock } from "../../../node/chain/minor-block.ts";
import type { RootBlock, RootBlockHeader } from "../../../node/chain/root-block.ts";
import { bytesEqual, type Hash32, toHex } from "../../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../../node/codec/errors.ts";
import type { ExecutionStore } from "../../../node/el/store/execution-store.ts";
import type { ClStore } from "../../../node/shard/store/cl-store.ts";

/** A block that is in no store. */
export interface StrayBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
}

export interface LiveStores {
  readonly store: ClStore;
  readonly execution: ExecutionStore;
}

/** One live shard's stores as if a client had left them, with one more block: that which the shard refused. */
export class LiveSource implements BlockSource {
  /** Whose layout does without states that are computed again. */
  readonly kind = "pyquarkchain";
  readonly fullShardIds: readonly number[];
  readonly hasRootDatabase = false;
  readonly rootFolderName: string;
  readonly #shard: LiveShardSource;

  constructor(stores: LiveStores, stray: StrayBlock) {
    this.#shard = new LiveShardSource(stores, stray);
    this.fullShardIds = [this.#shard.fullShardId];
    this.rootFolderName = this.#shard.name;
  }

  shardFolderName(): string {
    return this.#shard.name;
  }

  rootTipHash(): Hash32 | undefined {
    return this.#shard.store.tips()?.rootTip;
  }

  rootGenesisHash(): undefined {
    return undefined;
  }

  rootHashHint(): undefined {
    return undefined;
  }

  rootBlocks(): RootBlockSource {
    return this.#shard;
  }

  shard(fullShardId: number): ShardSource {
    if (fullShardId === this.#shard.fullShardId) return this.#shard;
    throw new DatabaseDamagedError(`shard ${fullShardId} is another thread's`);
  }

  tornLogs(): readonly never[] {
    return [];
  }

  openingNotes(): readonly string[] {
    return [];
  }

  /** The stores are the caller's. */
  close(): void {}
}

class LiveShardSource implements ShardSource {
  readonly fullShardId: number;
  readonly name: string;
  readonly rows: KeyValueReader;
  readonly store: ClStore;
  readonly #execution: ExecutionStore;
  readonly #stray: StrayBlock;

  constructor({ store, execution }: LiveStores, stray: StrayBlock) {
    this.store = store;
    this.fullShardId = store.fullShardId;
    this.name = `the stores of shard ${store.fullShardId}`;
    this.rows = new StateRows(execution);
    this.#execution = execution;
    this.#stray = stray;
  }

  hasRootBlock(hash: Hash32): boolean {
    return this.store.hasRootBlock(hash);
  }

  rootBlock(hash: Hash32): RootBlock {
    return this.store.rootBlock(hash);
  }

  rootHeader(hash: Hash32): RootBlockHeader {
    return this.store.rootHeader(hash);
  }

  minorBlock(hash: Hash32): MinorBlock {
    return bytesEqual(hash, this.#stray.hash) ? this.#stray.block : this.#execution.block(hash);
  }

  hasMinorBlock(hash: Hash32): boolean {
    return bytesEqual(hash, this.#stray.hash) || this.#execution.findBlock(hash) !== undefined;
  }

  minorBlockKey(hash: Hash32): string {
    return toHex(hash);
  }

  depositList(sourceMinorHash: Hash32): CrossShardDepositList | undefined {
    return this.store.depositList(sourceMinorHash);
  }

  depositListKey(sourceMinorHash: Hash32): string {
    return toHex(sourceMinorHash);
  }

  isCommitted(minorHash: Hash32): boolean {
    return this.store.isCommitted(minorHash);
  }

  canonicalHashAt(height: number): Hash32 | undefined {
    return this.store.hashAt(height);
  }
}

/** Trie nodes and code; no other rows are asked for of a source that is no client's. */
class StateRows implements KeyValueReader {
  readonly #execution: ExecutionStore;

  constructor(execution: ExecutionStore) {
    this.#execution = execution;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const { nodes } = this.#execution;
    return nodes.has(key as Hash32) ? nodes.getOnce(key as Hash32) : undefined;
  }

  getSelfProving(key: Uint8Array): Uint8Array | undefined {
    return this.get(key);
  }

  has(key: Uint8Array): boolean {
    return this.#execution.nodes.has(key as Hash32);
  }

  entries(): readonly never[] {
    return [];
  }

  close(): void {}
}
