import { type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { bytesEqual, type Hash32, toHex, utf8, ZERO_HASH } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { RecentMap } from "../codec/recent-map.ts";
import { type ExecutionConfig, executionConfig } from "../el/execution-config.ts";
import type { ExecutionStore } from "../el/store/execution-store.ts";
import { type PrunerOptions, type PrunerTotals, StatePruner } from "../el/store/state-pruner.ts";
import type { Candidate } from "../el/transactions/fill-block.ts";
import { DEBUG_CAPABILITIES, MOST_BODIES, QKC_CAPABILITIES } from "../engine/api/methods.ts";
import type {
  BlockBalanceRequest,
  BuiltPayload,
  ChainIdentity,
  ClientVersion,
  ForkchoiceState,
  ForkchoiceUpdated,
  PayloadAttributes,
  PayloadBody,
  PayloadStatus,
  QkcPayload,
} from "../engine/engine-api.ts";
import { ENGINE_ERROR, EngineError } from "../engine/engine-error.ts";
import type { BlockTrace, DebugOptions, PreState, TraceOptions, TracingEngine } from "../engine/tracing-engine.ts";
import {
  type BlockOrder,
  type BuildParent,
  buildBlock,
  checkAttributes,
  type FilledBlock,
  fillBlock,
} from "./block-builder.ts";
import { ancestorsFrom, isAncestor, refusePruned } from "./chain-queries.ts";
import { BlockDebugger } from "./debug/block-debugger.ts";
import { openStore, type StoreOptions } from "./open-store.ts";
import { BlockExecutor } from "./payload-executor.ts";
import { PayloadInserter } from "./payload-inserter.ts";
import { validStatus } from "./statuses.ts";

/** Which states stay: all of them, or those of the newest blocks (and of all that are not finalized). */
export type Retention = "archive" | (Partial<PrunerOptions> & { readonly states: number });

export interface ExecutionNodeOptions extends StoreOptions {
  readonly retention: Retention;
  /** As engine_getClientVersionV1 says it. */
  readonly version: string;
}

/** Of the transactions in an answer, whose text takes twice as much. Any one block has less: gas bounds it. */
const MOST_BODY_BYTES = 32 * 1024 * 1024;
const MAX_BUILT_PAYLOADS = 16;
const PRUNER_DEFAULTS: PrunerOptions = { collectAfterRows: 50_000, rowsPerStep: 2000 };
const BUILDER_CACHE_BYTES = 8 * 1024 * 1024;

/**
 * One shard's execution layer: the Engine API over a store of its own. What it answers VALID is in the store when it
 * answers. Calls take effect in the order in which they are made, whether or not one waits for the other's answer.
 */
export class ExecutionNode implements TracingEngine {
  readonly store: ExecutionStore;
  readonly execution: ExecutionConfig;
  readonly config: QuarkChainConfig;
  readonly #options: ExecutionNodeOptions;
  readonly #executor: BlockExecutor;
  readonly #pruner: StatePruner | undefined;
  readonly #inserter: PayloadInserter;
  readonly #built = new RecentMap<string, BuiltPayload>(MAX_BUILT_PAYLOADS);

  private constructor(options: ExecutionNodeOptions, store: ExecutionStore) {
    const { config, fullShardId, rules, cacheBytes, retention } = options;
    this.store = store;
    this.config = config;
    this.#options = options;
    this.execution = executionConfig(config, fullShardId, rules);
    this.#executor = new BlockExecutor(this.execution, store.nodes, cacheBytes);
    if (retention !== "archive") this.#pruner = new StatePruner(store, { ...PRUNER_DEFAULTS, ...retention });
    this.#inserter = new PayloadInserter({
      config,
      fullShardId,
      store,
      executor: this.#executor,
      pruner: this.#pruner,
    });
  }

  /** Opens or makes a shard's data directory. Throws UsageError for another chain's, or one that is in use. */
  static async open(options: ExecutionNodeOptions): Promise<ExecutionNode> {
    return new ExecutionNode(options, await openStore(options));
  }

  get fullShardId(): number {
    return this.#options.fullShardId;
  }

  /** What pruning took away since the node was opened. */
  get pruned(): PrunerTotals {
    return this.#pruner?.totals ?? { collections: 0, deletedRows: 0 };
  }

  /** Finishes the commits that were begun. */
  async close(): Promise<void> {
    await this.store.close();
  }

  async exchangeCapabilities(_methods: readonly string[]): Promise<readonly string[]> {
    return [...QKC_CAPABILITIES, ...DEBUG_CAPABILITIES];
  }

  async getClientVersion(_caller: ClientVersion): Promise<readonly ClientVersion[]> {
    return [this.clientVersion];
  }

  get clientVersion(): ClientVersion {
    return { code: "QK", name: "qkc-replay", version: this.#options.version, commit: "0x00000000" };
  }

  async chainIdentity(): Promise<ChainIdentity> {
    const { config, fullShardId, rules } = this.#options;
    const head = this.headBlock();
    return {
      networkId: config.networkId,
      fullShardId,
      genesisStateRoot: this.#inserter.genesisStateRoot,
      genesisHash: this.store.canonicalHash(0) ?? null,
      ruleSet: rules.name,
      head: head === undefined ? null : { hash: head.hash, height: head.block.header.height },
    };
  }

  /** The canonical head; undefined before the genesis block. */
  headBlock(): { readonly hash: Hash32; readonly block: MinorBlock } | undefined {
    const { head } = this.store.forkchoice;
    return bytesEqual(head, ZERO_HASH) ? undefined : { hash: head, block: this.store.block(head) };
  }

  async newPayload(payload: QkcPayload): Promise<PayloadStatus> {
    this.store.assertWritable();
    return await this.#inserter.insert(payload);
  }

  async forkchoiceUpdated(state: ForkchoiceState, attributes?: PayloadAttributes): Promise<ForkchoiceUpdated> {
    this.store.assertWritable();
    const { headBlockHash: head, safeBlockHash: safe, finalizedBlockHash: finalized } = state;
    if (bytesEqual(head, ZERO_HASH)) {
      throw new EngineError(ENGINE_ERROR.invalidForkchoiceState, "the head is the zero hash, which is no block's");
    }
    const block = this.store.findBlock(head);
    if (block === undefined || !this.store.hasExecuted(head)) {
      return { payloadStatus: this.#inserter.statusOfAbsent(head), payloadId: null };
    }
    refusePruned(this.store, block);
    this.#checkAncestor("safe", safe, head);
    this.#checkAncestor("finalized", finalized, head);
    await this.store.commitForkchoice({ head, safe, finalized });
    const payloadId = attributes === undefined ? null : this.#beginBlock(head, attributes);
    await this.#prune(block.header.height, finalized);
    return { payloadStatus: validStatus(head, null), payloadId };
  }

  async getPayload(payloadId: string): Promise<BuiltPayload> {
    const built = this.#built.get(payloadId);
    if (built !== undefined) return built;
    throw new EngineError(ENGINE_ERROR.unknownPayload, `there is no payload ${payloadId}`);
  }

  async getPayloadBodiesByHash(hashes: readonly Hash32[]): Promise<readonly (PayloadBody | null)[]> {
    refuseMany(hashes.length);
    return this.#bodies(hashes);
  }

  async getPayloadBodiesByRange(start: number, count: number): Promise<readonly (PayloadBody | null)[]> {
    if (start < 1 || count < 1) {
      throw new EngineError(ENGINE_ERROR.invalidParams, "start and count have to be at least 1");
    }
    refuseMany(count);
    const hashes: Hash32[] = [];
    for (let height = start; height < start + count; height++) {
      const hash = this.store.canonicalHash(height);
      if (hash === undefined) break;
      hashes.push(hash);
    }
    return this.#bodies(hashes);
  }

  /**
   * A block on a stored one, with what became of the transactions that were tried; nothing of it is kept. Throws EngineError
   * where no block can be made of the attributes.
   */
  fillBlock<T extends Candidate>(
    parentHash: Hash32,
    attributes: PayloadAttributes,
    order: BlockOrder<T>,
  ): FilledBlock<T> {
    const parent = this.#parentOf(parentHash, attributes);
    return fillBlock(this.#newBuilder(), parent, attributes, order);
  }

  async getBalance({ blockHash, address, tokenId }: BlockBalanceRequest): Promise<bigint> {
    const block = this.store.findBlock(blockHash);
    if (block === undefined) throw new EngineError(ENGINE_ERROR.server, `block ${toHex(blockHash)} is not known`);
    refusePruned(this.store, block);
    return this.#executor.getBalance(block.meta.stateRoot, address, tokenId);
  }

  async traceBlock(payload: QkcPayload, options?: TraceOptions): Promise<BlockTrace> {
    return new BlockDebugger(this.execution, this.store).traceBlock(payload, options);
  }

  async preState(payload: QkcPayload, options?: DebugOptions): Promise<PreState> {
    return new BlockDebugger(this.execution, this.store).preState(payload, options);
  }

  #checkAncestor(name: string, hash: Hash32, head: Hash32): void {
    if (bytesEqual(hash, ZERO_HASH) || isAncestor(this.store, hash, head)) return;
    throw new EngineError(
      ENGINE_ERROR.invalidForkchoiceState,
      `the ${name} block ${toHex(hash)} is not the head or one of its ancestors`,
    );
  }

  #beginBlock(head: Hash32, attributes: PayloadAttributes): string {
    const built = buildBlock(this.#newBuilder(), this.#parentOf(head, attributes), attributes);
    const payloadId = `0x${toHex(keccak256(built.payload.blockHash, utf8(`${attributes.timestamp}`)).subarray(0, 8))}`;
    this.#built.set(payloadId, built);
    return payloadId;
  }

  #parentOf(hash: Hash32, attributes: PayloadAttributes): BuildParent {
    const block = this.store.findBlock(hash);
    if (block === undefined) throw new EngineError(ENGINE_ERROR.server, `block ${toHex(hash)} is not known`);
    refusePruned(this.store, block);
    const parent: BuildParent = {
      hash,
      block,
      ancestorHash: ancestorsFrom(this.store, hash),
      gasLimit: shardConfigOf(this.config, this.fullShardId).genesis.gasLimit,
    };
    checkAttributes(parent, attributes);
    return parent;
  }

  #newBuilder(): BlockExecutor {
    return new BlockExecutor(this.execution, this.store.nodes, BUILDER_CACHE_BYTES);
  }

  async #prune(headHeight: number, finalized: Hash32): Promise<void> {
    const { retention } = this.#options;
    if (this.#pruner === undefined || retention === "archive") return;
    const newest = headHeight - retention.states + 1;
    const finalizedHeight = this.store.findBlock(finalized)?.header.height ?? newest;
    await this.#pruner.step(Math.min(newest, finalizedHeight));
  }

  #bodies(hashes: readonly Hash32[]): (PayloadBody | null)[] {
    let bytes = 0;
    return hashes.map((hash) => {
      const block = this.store.findBlock(hash);
      if (block === undefined) return null;
      for (const { rlp } of block.transactions) bytes += rlp.length;
      if (bytes <= MOST_BODY_BYTES) return { transactions: block.transactions };
      throw new EngineError(
        ENGINE_ERROR.tooLargeRequest,
        `the transactions of ${hashes.length} blocks are longer than ${MOST_BODY_BYTES} bytes: ask for fewer`,
      );
    });
  }
}

function refuseMany(count: number): void {
  if (count <= MOST_BODIES) return;
  throw new EngineError(ENGINE_ERROR.tooLargeRequest, `${count} bodies asked for, at most ${MOST_BODIES} are given`);
}
