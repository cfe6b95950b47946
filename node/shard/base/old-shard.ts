import type { BlockSource } from "../../archive/block-source.ts";
import { GoShardArchive } from "../../archive/goquarkchain/archive-rows.ts";
import { provedMinorBlock } from "../../archive/proved-block.ts";
import { ShardArchive } from "../../archive/pyquarkchain/shard-archive.ts";
import { type QuarkChainConfig, shardConfigOf } from "../../chain/config.ts";
import type { CrossShardDeposit, CrossShardDepositList } from "../../chain/deposit.ts";
import type { MinorBlock } from "../../chain/minor-block.ts";
import type { HashedRootBlock, RootBlock, RootBlockHeader } from "../../chain/root-block.ts";
import { ShardCl } from "../../cl/shard-cl.ts";
import { bytesEqual, concatBytes, type Hash32 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, QkcError } from "../../codec/errors.ts";
import { RecentByHash } from "../../codec/recent-map.ts";
import { ArchivedNodes } from "../../el/archived-nodes.ts";
import { QUARKCHAIN_RULES } from "../../el/evm/rules.ts";
import { executionConfig } from "../../el/execution-config.ts";
import { ExecutionLayer } from "../../el/execution-layer.ts";
import { InProcessClient } from "../../el/in-process-executor.ts";
import { KeptDeposits } from "../../el/kept-deposits.ts";
import { NOWHERE } from "../../el/state/node-store.ts";
import { StateCache } from "../../el/state/state-cache.ts";
import { type BlockRecord, blockRecordOf, EMPTY_RECORD } from "../../el/store/block-record.ts";
import type { TransactionPlace } from "../../el/store/chain-marks.ts";
import type { ExecutionBase } from "../../el/store/execution-base.ts";
import { compareDeclared } from "../../engine/compare-block.ts";
import { RootIndex } from "../root-chains.ts";
import type { ClBase } from "../store/cl-base.ts";
import { type BlockHistory, type MinorRecord, partiesOf } from "../store/cl-rows.ts";
import { consumedUpTo } from "../verdict.ts";

/** Rows of states that executing blocks again reads, and decoded nodes of them. */
const EXECUTION_CACHE_BYTES = 16 * 1024 * 1024;
/** Blocks and what they executed to: a page of receipts is asked for a receipt at a time. */
const MAX_BLOCKS = 256;
const MAX_RECORDS = 64;
/** History was accepted by whoever made it: every shard that its configuration knows was reachable. */
const EVERY_SHARD_REACHABLE = 0xffff_ffff;
const ZERO_BYTE = new Uint8Array(1);

/**
 * One shard of an old client's database below the stores of a live one (docs/adr/0011-an-old-database-below.md). Nothing is
 * written to it. Blocks are proved by their hashes before they leave; what a block executed to is computed again and has
 * to be what its header declares.
 */
export class OldShard implements ClBase, ExecutionBase {
  readonly fullShardId: number;
  /** Where it lies, for messages. */
  readonly name: string;
  readonly #config: QuarkChainConfig;
  readonly #rows: ShardArchive | GoShardArchive;
  readonly #roots: RootIndex;
  readonly #blocks = new RecentByHash<MinorBlock>(MAX_BLOCKS);
  readonly #records = new RecentByHash<BlockRecord>(MAX_RECORDS);
  readonly #counts = new RecentByHash<number>(MAX_BLOCKS);
  #engine: InProcessClient | undefined;
  #notesCommits: boolean | undefined;

  constructor(config: QuarkChainConfig, rows: ShardArchive | GoShardArchive) {
    this.fullShardId = rows.fullShardId;
    this.name = rows.name;
    this.#config = config;
    this.#rows = rows;
    this.#roots = new RootIndex(rows);
  }

  /** Undefined where the database has nothing of the shard. */
  static of(source: BlockSource, config: QuarkChainConfig, fullShardId: number): OldShard | undefined {
    if (!source.fullShardIds.includes(fullShardId)) return undefined;
    const rows = source.shard(fullShardId);
    if (rows instanceof ShardArchive || rows instanceof GoShardArchive) return new OldShard(config, rows);
    throw new QkcError("INTERNAL", `${source.kind} has rows of an unknown kind`);
  }

  // Root blocks.

  hasRootBlock(hash: Hash32): boolean {
    return this.#rows.hasRootBlock(hash);
  }

  rootBlock(hash: Hash32): RootBlock {
    return this.#rows.rootBlock(hash);
  }

  hashedRootBlock(hash: Hash32): HashedRootBlock {
    return this.#rows.hashedRootBlock(hash);
  }

  rootHeader(hash: Hash32): RootBlockHeader {
    return this.#rows.rootHeader(hash);
  }

  /** By the root chain itself: what either client noted (`r_last_m`, `rLM`) proves nothing. */
  lastConfirmed(rootHash: Hash32): Hash32 | undefined {
    const { height } = this.rootHeader(rootHash);
    const { genesis } = shardConfigOf(this.#config, this.fullShardId);
    return this.#roots.chainAt(rootHash).lastConfirmed(this.fullShardId, height, genesis.rootHeight)?.hash;
  }

  // Blocks.

  /** On a root block of the shard's genesis height; undefined where the database has another one, or none. */
  genesisBlock(rootHash: Hash32): MinorBlock | undefined {
    const hash = this.canonicalHash(0);
    const block = hash && this.findBlock(hash);
    return block && bytesEqual(block.header.prevRootBlockHash, rootHash) ? block : undefined;
  }

  findBlock(hash: Hash32): MinorBlock | undefined {
    const known = this.#blocks.get(hash);
    if (known !== undefined) return known;
    if (!this.#rows.hasMinorBlock(hash)) return undefined;
    const block = provedMinorBlock(this.#rows, hash);
    this.#blocks.set(hash, block);
    return block;
  }

  hasMinorBlock(hash: Hash32): boolean {
    return this.minorRecord(hash) !== undefined;
  }

  minorBlock(hash: Hash32): MinorBlock {
    const block = this.findBlock(hash);
    if (block !== undefined) return block;
    throw new DatabaseDamagedError(`${this.name} lacks a block that is named`, { key: this.#rows.minorBlockKey(hash) });
  }

  /** A block that was never committed is executed and told anew when it comes again. */
  minorRecord(hash: Hash32): MinorRecord | undefined {
    const block = this.findBlock(hash);
    if (block === undefined || !this.#isCommitted(hash, block)) return undefined;
    const { header, meta, transactions } = block;
    return { header, meta, transactionCount: transactions.length, rootTipHeight: EVERY_SHARD_REACHABLE };
  }

  canonicalHash(height: number): Hash32 | undefined {
    return this.#rows.canonicalHashAt(height);
  }

  depositList(sourceMinorHash: Hash32): CrossShardDepositList | undefined {
    return this.#rows.depositList(sourceMinorHash);
  }

  /** Clients of old kept no counts: then what lies below is added up, to the nearest block that has one. */
  transactionCount(hash: Hash32): number {
    let above = 0;
    for (let at = hash; ; ) {
      const block = this.minorBlock(at);
      const count =
        this.#counts.get(at) ?? this.#rows.transactionCount(at) ?? (block.header.height === 0 ? 0 : undefined);
      if (count !== undefined) {
        this.#counts.set(hash, count + above);
        return count + above;
      }
      above += block.transactions.length;
      at = block.header.prevMinorBlockHash;
    }
  }

  // What blocks executed to.

  consumedHashes(hash: Hash32): readonly Hash32[] {
    return this.#consumed(hash).map(({ txHash }) => txHash);
  }

  history(hash: Hash32): BlockHistory {
    return { parties: partiesOf(this.minorBlock(hash)), consumed: this.#consumed(hash) };
  }

  /** pyquarkchain's index has the keys of ours; goquarkchain's is another one, whose history is not served. */
  *historyKeys(start: Uint8Array, end: Uint8Array): Generator<Uint8Array> {
    if (!(this.#rows instanceof ShardArchive)) return;
    const [gte, lt] = [concatBytes(end, ZERO_BYTE), concatBytes(start, ZERO_BYTE)];
    for (const { key } of this.#rows.rows.entries({ gte, lt, reverse: true })) yield key;
  }

  placeOf(transactionHash: Hash32): TransactionPlace | undefined {
    const found = this.#indexed(transactionHash);
    const block = found && this.findBlock(found.blockHash);
    if (found === undefined || block === undefined) return undefined;
    const { blockHash, index } = found;
    const { transactions } = block;
    if (index < transactions.length) {
      return bytesEqual(transactions[index].hash, transactionHash)
        ? { kind: "transaction", blockHash, index }
        : undefined;
    }
    const deposit = this.#consumed(blockHash).at(index - transactions.length);
    if (deposit === undefined || !bytesEqual(deposit.txHash, transactionHash)) return undefined;
    return { kind: "deposit", blockHash, index: index - transactions.length };
  }

  node(hash: Hash32): Uint8Array | undefined {
    return this.#rows.rows.getSelfProving(hash);
  }

  record(hash: Hash32): BlockRecord {
    let record = this.#records.get(hash);
    if (record === undefined) {
      record = this.#execute(hash, this.minorBlock(hash));
      this.#records.set(hash, record);
    }
    return record;
  }

  /** By the cursors of the block and its parent: no state is needed. */
  #consumed(hash: Hash32): readonly CrossShardDeposit[] {
    const block = this.minorBlock(hash);
    if (block.header.height === 0) return [];
    return consumedUpTo(block, this.#clFor(block).inputsOf(block).deposits);
  }

  #clFor({ header }: MinorBlock): ShardCl {
    return new ShardCl({
      ...{ config: this.#config, source: this, rootChain: this.#roots.chainAt(header.prevRootBlockHash) },
      rootTipHeight: EVERY_SHARD_REACHABLE,
    });
  }

  #execute(hash: Hash32, block: MinorBlock): BlockRecord {
    if (block.header.height === 0) return EMPTY_RECORD;
    const cl = this.#clFor(block);
    const payload = cl.payloadOf(block, this.minorBlock(block.header.prevMinorBlockHash).meta.stateRoot);
    const deposits = new KeptDeposits(payload.deposits);
    this.#engine ??= this.#newEngine();
    const outcome = this.#engine.newPayload({ ...payload, deposits });
    const differences = outcome.status === "EXECUTED" ? compareDeclared(block, outcome.computed) : [];
    if (outcome.status === "INVALID" || differences.length > 0) {
      this.#engine = undefined;
      const why =
        outcome.status === "INVALID" ? outcome.rejection.reason : differences.map(({ field }) => field).join(", ");
      throw new DatabaseDamagedError(
        `block ${block.header.height} of ${this.name} does not execute to what it declares (${why}): qkc checkdb says more`,
        { key: this.#rows.minorBlockKey(hash) },
      );
    }
    return blockRecordOf(outcome.computed, deposits);
  }

  #newEngine(): InProcessClient {
    const nodes = new ArchivedNodes(this.#rows.rows, { name: this.name, cacheBytes: EXECUTION_CACHE_BYTES });
    const config = executionConfig(this.#config, this.fullShardId, QUARKCHAIN_RULES);
    return new InProcessClient([new ExecutionLayer(config, nodes, new StateCache(EXECUTION_CACHE_BYTES), NOWHERE)]);
  }

  #indexed(transactionHash: Hash32): { readonly blockHash: Hash32; readonly index: number } | undefined {
    const place = this.#rows.transactionPlace(transactionHash);
    if (place === undefined || "blockHash" in place) return place;
    const blockHash = this.canonicalHash(place.height);
    return blockHash && { blockHash, index: place.index };
  }

  /**
   * Whether everybody who has to know of a block does: its client noted so, or it is canonical and below one that was. A
   * client of old noted nothing: what it holds counts.
   */
  #isCommitted(hash: Hash32, { header }: MinorBlock): boolean {
    if (this.#rows.isCommitted(hash)) return true;
    this.#notesCommits ??= this.#hasCommitNote();
    if (!this.#notesCommits) return true;
    const canonical = this.canonicalHash(header.height);
    if (canonical === undefined || !bytesEqual(canonical, hash)) return false;
    const next = this.canonicalHash(header.height + 1);
    return next !== undefined && this.#rows.isCommitted(next);
  }

  /** The genesis block's note, or its first successor's. */
  #hasCommitNote(): boolean {
    return [0, 1].some((height) => {
      const hash = this.canonicalHash(height);
      return hash !== undefined && this.#rows.isCommitted(hash);
    });
  }
}
