import { type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import { type CrossShardDeposit, encodeDepositList } from "../chain/deposit.ts";
import { rootGenesisBlock } from "../chain/genesis.ts";
import { merkleRoot } from "../chain/merkle-root.ts";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash, minorMetaHash } from "../chain/minor-block.ts";
import { minorBlockReward } from "../chain/rewards.ts";
import { type RootBlock, type RootBlockHeader, rootHeaderHash } from "../chain/root-block.ts";
import { CONFIG, ROOT_GENESIS, rootBlockOn } from "../cl/chain-rules.testkit.ts";
import { nextDifficulty } from "../cl/difficulty.ts";
import { genesisBlockOf } from "../cl/genesis-block.ts";
import { asAddress, bytesKey, compareBytes, type Hash32, toHex, ZERO_HASH } from "../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../codec/keccak.ts";
import type {
  ChainIdentity,
  EngineApi,
  ForkchoiceState,
  ForkchoiceUpdated,
  PayloadBody,
  PayloadStatus,
  QkcPayload,
} from "../engine/engine-api.ts";
import { RootIndex } from "./root-chains.ts";
import { ShardChain } from "./shard-chain.ts";
import type { ClOperation } from "./store/cl-batch.ts";
import { type ClRows, ClStore } from "./store/cl-store.ts";

export const SHARD_A = 0x1;
export const SHARD_B = 0x10002;

/** The rules of cl/chain-rules.testkit.ts with every shard there from the start, and shard B's later where a test wants so. */
export function labConfig(bornAt = 0): QuarkChainConfig {
  const shards = new Map(
    [...CONFIG.shards].map(([id, shard]) => {
      const rootHeight = id === SHARD_A ? 0 : bornAt;
      return [id, { ...shard, genesis: { ...shard.genesis, rootHeight } }];
    }),
  );
  return { ...CONFIG, shards };
}

/** Rows in memory. A write is waited for before and after it counts; before, it may fail. */
export class MemoryRows implements ClRows {
  readonly location = "rows in memory";
  readonly rows: Map<string, Uint8Array>;
  readonly #beforeWrite: (() => Promise<void>) | undefined;
  readonly #afterWrite: (() => Promise<void>) | undefined;

  constructor(
    rows = new Map<string, Uint8Array>(),
    beforeWrite?: () => Promise<void>,
    afterWrite?: () => Promise<void>,
  ) {
    this.rows = new Map(rows);
    this.#beforeWrite = beforeWrite;
    this.#afterWrite = afterWrite;
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    return this.rows.get(bytesKey(key));
  }

  async batch(operations: readonly ClOperation[]): Promise<void> {
    await this.#beforeWrite?.();
    for (const operation of operations) {
      const key = bytesKey(operation.key);
      if (operation.type === "put") this.rows.set(key, operation.value);
      else this.rows.delete(key);
    }
    await this.#afterWrite?.();
  }

  keys({ gte, lt }: { readonly gte: Uint8Array; readonly lt: Uint8Array }) {
    const keys = [...this.rows.keys()].map((key) => Uint8Array.from(key, (c) => c.charCodeAt(0)));
    const wanted = keys.filter((key) => compareBytes(key, gte) >= 0 && compareBytes(key, lt) < 0).sort(compareBytes);
    return { all: async () => wanted };
  }

  async keysDown({ gt, lt }: { readonly gt: Uint8Array; readonly lt: Uint8Array }, limit: number) {
    const keys = await this.keys({ gte: gt, lt }).all();
    return keys
      .filter((key) => compareBytes(key, gt) > 0)
      .reverse()
      .slice(0, limit);
  }

  async close(): Promise<void> {}
}

/** Believes what blocks declare; holds what it called valid, and survives its shard's end. */
export class BelievingEngine implements EngineApi {
  readonly held = new Map<string, MinorBlock>();
  head: Hash32 = ZERO_HASH;
  readonly heads: Hash32[] = [];
  /** How often each block was executed, not counting those that were held already. */
  readonly executions = new Map<string, number>();
  /** What a block sends, by its hash. */
  readonly #sends: ReadonlyMap<string, readonly CrossShardDeposit[]>;
  /** Blocks of which it computes another state. */
  readonly differing = new Set<string>();

  constructor(sends: ReadonlyMap<string, readonly CrossShardDeposit[]> = new Map()) {
    this.#sends = sends;
  }

  /** The same engine behind a link: before each call the link is waited for, which may fail. */
  over(link: () => Promise<void>): EngineApi {
    const behind =
      <Args extends readonly unknown[], T>(call: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        await link();
        return await call(...args);
      };
    return {
      newPayload: behind((payload) => this.newPayload(payload)),
      forkchoiceUpdated: behind((state) => this.forkchoiceUpdated(state)),
      getPayloadBodiesByHash: behind((hashes) => this.getPayloadBodiesByHash(hashes)),
      getBalance: () => this.getBalance(),
      exchangeCapabilities: notAsked,
      getClientVersion: notAsked,
      chainIdentity: notAsked,
      getPayload: notAsked,
      getPayloadBodiesByRange: notAsked,
    };
  }

  async newPayload({ blockHash, block, inputs }: QkcPayload): Promise<PayloadStatus> {
    const { header, meta } = block;
    const key = bytesKey(blockHash);
    const isKnown = header.height === 0 || this.held.has(bytesKey(header.prevMinorBlockHash));
    if (!isKnown) return { status: "SYNCING", latestValidHash: null, validationError: null, computed: null };
    const stateRoot = this.differing.has(key) ? keccak256(meta.stateRoot) : meta.stateRoot;
    const isValid = stateRoot === meta.stateRoot;
    if (isValid && !this.held.has(key)) {
      this.executions.set(key, (this.executions.get(key) ?? 0) + 1);
      this.held.set(key, block);
    }
    const computed = {
      blockHash,
      metaHash: header.metaHash,
      stateRoot,
      receiptRoot: meta.receiptRoot,
      bloom: header.bloom,
      gasUsed: meta.gasUsed,
      xshardReceiveGasUsed: meta.xshardReceiveGasUsed,
      xshardCursor: meta.xshardCursor,
      coinbaseAmounts: header.coinbaseAmounts,
      xshardSends: this.#sends.get(key) ?? [],
      depositsConsumed: [...inputs.deposits].length,
    };
    if (isValid) return { status: "VALID", latestValidHash: blockHash, validationError: null, computed };
    const field = { field: "stateRoot", declared: toHex(meta.stateRoot), computed: toHex(stateRoot) };
    const validationError = { kind: "mismatch", fields: [field] } as const;
    return { status: "INVALID", latestValidHash: header.prevMinorBlockHash, validationError, computed };
  }

  async forkchoiceUpdated({ headBlockHash }: ForkchoiceState): Promise<ForkchoiceUpdated> {
    if (!this.held.has(bytesKey(headBlockHash))) {
      const payloadStatus = {
        status: "SYNCING",
        latestValidHash: null,
        validationError: null,
        computed: null,
      } as const;
      return { payloadStatus, payloadId: null };
    }
    this.head = headBlockHash;
    this.heads.push(headBlockHash);
    const payloadStatus = {
      status: "VALID",
      latestValidHash: headBlockHash,
      validationError: null,
      computed: null,
    } as const;
    return { payloadStatus, payloadId: null };
  }

  async getPayloadBodiesByHash(hashes: readonly Hash32[]): Promise<readonly (PayloadBody | null)[]> {
    return hashes.map((hash) => {
      const block = this.held.get(bytesKey(hash));
      return block === undefined ? null : { transactions: block.transactions };
    });
  }

  async getBalance(): Promise<bigint> {
    return 0n;
  }

  exchangeCapabilities = notAsked;
  getClientVersion = notAsked;
  chainIdentity: () => Promise<ChainIdentity> = notAsked;
  getPayload = notAsked;
  getPayloadBodiesByRange = notAsked;
}

async function notAsked(): Promise<never> {
  throw new Error("a chain asks no engine for this");
}

/** Blocks of a made-up history: valid by every rule, never executed. */
export class Lab {
  readonly config: QuarkChainConfig;
  #salt = 0;

  constructor(config = labConfig()) {
    this.config = config;
  }

  /** The root genesis block: shards that are there from the start are born on it. */
  get rootGenesis(): RootBlock {
    return rootGenesisBlock(this.config);
  }

  genesis(fullShardId: number, root: RootBlockHeader = ROOT_GENESIS): MinorBlock {
    return genesisBlockOf(this.config, fullShardId, root);
  }

  /** A valid block without transactions on `parent`, unlike any other; it consumes everything that is due. */
  block(parent: MinorBlockHeader, root: RootBlockHeader, seconds = 10): MinorBlock {
    const shard = shardConfigOf(this.config, parent.branch);
    const meta = {
      merkleRoot: merkleRoot([]),
      stateRoot: keccak256(minorHeaderHash(parent)),
      receiptRoot: EMPTY_TRIE_ROOT,
      gasUsed: 0n,
      xshardReceiveGasUsed: 0n,
      xshardCursor: { rootBlockHeight: root.height + 1, minorBlockIndex: 0, xshardDepositIndex: 0 },
      xshardGasLimit: shard.genesis.gasLimit / 2n,
    };
    const height = parent.height + 1;
    const createTime = parent.createTime + seconds;
    const header: MinorBlockHeader = {
      ...parent,
      height,
      coinbaseAddress: { recipient: asAddress(new Uint8Array(20).fill(0x33)), fullShardKey: parent.branch },
      coinbaseAmounts: minorBlockReward(this.config, shard, height),
      prevMinorBlockHash: minorHeaderHash(parent),
      prevRootBlockHash: rootHeaderHash(root),
      metaHash: minorMetaHash(meta),
      createTime,
      difficulty: nextDifficulty(shard.difficulty, parent, createTime),
      nonce: BigInt(++this.#salt),
    };
    return { header, meta, transactions: [], trackingData: new Uint8Array(0) };
  }

  root(parent: RootBlockHeader, confirmed: readonly MinorBlock[], seconds = 60): RootBlock {
    const block = rootBlockOn(
      parent,
      confirmed.map(({ header }) => header),
      seconds,
    );
    // Two root blocks that confirm the same are two.
    return { ...block, header: { ...block.header, nonce: BigInt(++this.#salt) } };
  }
}

export interface OpenShard {
  readonly chain: ShardChain;
  readonly roots: RootIndex;
  readonly store: ClStore;
  readonly rows: MemoryRows;
  readonly engine: BelievingEngine;
}

/** A shard over rows and an engine that may have seen something before. */
export async function openShard(
  config: QuarkChainConfig,
  fullShardId: number,
  { rows = new MemoryRows(), engine = new BelievingEngine() } = {},
): Promise<OpenShard> {
  const store = new ClStore(rows, fullShardId);
  const roots = new RootIndex(store);
  const chain = ShardChain.open({ config, store, roots, engine, keepsHistory: true, clock: () => 1000 });
  await chain.recover();
  return { chain, roots, store, rows, engine };
}

/** Nothing for nobody. */
export const EMPTY_LIST = encodeDepositList([]);
