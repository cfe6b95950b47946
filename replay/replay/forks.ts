import type { BlockSource, ShardSource } from "../../node/archive/block-source.ts";
import { PREFIX as GO } from "../../node/archive/goquarkchain/keys.ts";
import { PREFIX as PYTHON } from "../../node/archive/pyquarkchain/keys.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { decodeMinorBlock, type MinorBlockHeader, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { decodeRootBlock, rootHeaderHash } from "../../node/chain/root-block.ts";
import type { RootChain } from "../../node/cl/root-chain.ts";
import { destinationsAt } from "../../node/cl/shard-neighbors.ts";
import { asHash32, bytesEqual, bytesKey, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { CodecError } from "../../node/codec/errors.ts";
import type { ForksData, PlanData } from "./steps.ts";

/** Keys of blocks: pyquarkchain has a prefix for each kind, goquarkchain one for both. */
const PREFIXES = {
  pyquarkchain: { minor: PYTHON.minorBlock, root: PYTHON.rootBlock },
  goquarkchain: { minor: GO.block, root: GO.block },
} as const;

interface SideBlock {
  readonly hash: Hash32;
  readonly header: MinorBlockHeader;
}

interface Arrival {
  readonly hash: Hash32;
  readonly createTime: number;
}

/** A step while the plan is made. */
interface Step {
  /** Undefined for what comes behind the last root block. */
  readonly root: { readonly hash: Hash32; readonly height: number; readonly isSide: boolean } | undefined;
  readonly createTime: number;
  readonly arrivals: Map<number, Arrival[]>;
}

export interface ForksPlan {
  readonly plan: PlanData;
  /** Side blocks that are not fed, because a block that they build on is not in the database. */
  readonly leftOut: number;
  /** Side blocks that are not fed, because they, or blocks that they build on, were stored and never committed. */
  readonly uncommitted: number;
}

/**
 * Adds the blocks of side chains to a plan. A database does not say when a block arrived; the time in its header is what
 * there is: blocks and root blocks come in the order of these times, none before what it refers to.
 */
export function withForks(
  canonical: PlanData,
  source: BlockSource,
  config: QuarkChainConfig,
  rootChain: RootChain,
  shards: readonly number[],
): ForksPlan {
  const planner = new ForksPlanner(source, config, rootChain, shards);
  return planner.plan(canonical);
}

class ForksPlanner {
  readonly #source: BlockSource;
  readonly #config: QuarkChainConfig;
  readonly #rootChain: RootChain;
  readonly #shards: readonly number[];
  readonly #steps: Step[] = [];
  readonly #stepOfRoot = new Map<string, number>();
  readonly #stepOfMinor = new Map<string, number>();
  readonly #sideBlocks: string[] = [];
  readonly #uncommitted = new Set<string>();

  constructor(source: BlockSource, config: QuarkChainConfig, rootChain: RootChain, shards: readonly number[]) {
    this.#source = source;
    this.#config = config;
    this.#rootChain = rootChain;
    this.#shards = shards;
  }

  plan(canonical: PlanData): ForksPlan {
    this.#placeRoots(canonical.lastHeight);
    this.#placeConfirmed();
    this.#steps.push({ root: undefined, createTime: Number.POSITIVE_INFINITY, arrivals: new Map() });
    let leftOut = 0;
    for (const fullShardId of this.#shards) leftOut += this.#placeSideBlocks(fullShardId);
    const plan = { ...canonical, lastStep: this.#steps.length - 1, forks: this.#data() };
    return { plan, leftOut, uncommitted: this.#uncommitted.size };
  }

  #placeRoots(lastHeight: number): void {
    const roots = [...sideRoots(this.#source, this.#rootChain)].map((hash) => ({ hash, isSide: true }));
    const chain = Array.from({ length: lastHeight + 1 }, (_, height) => ({
      hash: this.#rootChain.hashAt(height),
      isSide: false,
    }));
    const sorted = [...chain, ...roots]
      .map((root) => ({ ...root, header: this.#source.rootBlocks().rootHeader(root.hash) }))
      .sort((a, b) => a.header.createTime - b.header.createTime || a.header.height - b.header.height);
    for (const { hash, isSide, header } of sorted) {
      const { height, createTime } = header;
      if (height > 0 && !this.#stepOfRoot.has(bytesKey(header.prevBlockHash))) continue;
      this.#stepOfRoot.set(bytesKey(hash), this.#steps.length);
      this.#steps.push({ root: { hash, height, isSide }, createTime, arrivals: new Map() });
    }
  }

  /** A block arrives with the first root block that confirms it. */
  #placeConfirmed(): void {
    const onChain = new Set<string>();
    for (const [index, { root }] of this.#steps.entries()) {
      if (root === undefined) continue;
      const { minorHeaders } = this.#source.rootBlocks().rootBlock(root.hash);
      for (const header of minorHeaders) {
        if (!this.#shards.includes(header.branch)) continue;
        const hash = minorHeaderHash(header);
        if (!root.isSide) onChain.add(bytesKey(hash));
        if (this.#stepOfMinor.has(bytesKey(hash))) continue;
        this.#place(index, header.branch, hash, header.createTime);
      }
    }
    for (const { arrivals } of this.#steps) {
      for (const { hash } of [...arrivals.values()].flat()) {
        if (!onChain.has(bytesKey(hash))) this.#sideBlocks.push(toHex(hash));
      }
    }
  }

  /** Returns how many of a shard's blocks cannot be placed because something is not there. */
  #placeSideBlocks(fullShardId: number): number {
    const blocks = [...minorBlocks(this.#source, fullShardId)].filter(
      ({ hash, header }) => header.height > 0 && !this.#stepOfMinor.has(bytesKey(hash)),
    );
    blocks.sort((a, b) => a.header.createTime - b.header.createTime || a.header.height - b.header.height);
    let leftOut = 0;
    for (const { hash, header } of blocks) {
      if (this.#isUncommitted(fullShardId, hash, header)) {
        this.#uncommitted.add(bytesKey(hash));
        continue;
      }
      const parent = this.#stepOfParent(fullShardId, header);
      const root = this.#stepOfRoot.get(bytesKey(header.prevRootBlockHash));
      if (parent === undefined || root === undefined) {
        leftOut++;
        continue;
      }
      const byTime = this.#steps.findIndex(({ createTime }) => createTime >= header.createTime);
      this.#place(Math.max(parent, root + 1, byTime), fullShardId, hash, header.createTime);
      this.#sideBlocks.push(toHex(hash));
    }
    return leftOut;
  }

  /** A block that was stored and then told to nobody, or builds on one: a crash leaves that (cluster/shard.py add_block). */
  #isUncommitted(fullShardId: number, hash: Hash32, header: MinorBlockHeader): boolean {
    if (this.#uncommitted.has(bytesKey(header.prevMinorBlockHash))) return true;
    const shard = this.#source.shard(fullShardId);
    if (shard.isCommitted(hash) || !shard.hasRootBlock(header.prevRootBlockHash)) return false;
    const { height } = shard.rootHeader(header.prevRootBlockHash);
    return destinationsAt(this.#config, fullShardId, height).some(
      (id) => this.#source.fullShardIds.includes(id) && this.#source.shard(id).depositList(hash) === undefined,
    );
  }

  /** A genesis block is there as soon as its root block is. */
  #stepOfParent(fullShardId: number, { height, prevMinorBlockHash }: MinorBlockHeader): number | undefined {
    if (height > 1) return this.#stepOfMinor.get(bytesKey(prevMinorBlockHash));
    const shard = this.#source.shard(fullShardId);
    if (!shard.hasMinorBlock(prevMinorBlockHash)) return undefined;
    const { prevRootBlockHash } = shard.minorBlock(prevMinorBlockHash).header;
    return this.#stepOfRoot.get(bytesKey(prevRootBlockHash));
  }

  #place(index: number, fullShardId: number, hash: Hash32, createTime: number): void {
    const { arrivals } = this.#steps[index];
    const list = arrivals.get(fullShardId) ?? [];
    arrivals.set(fullShardId, [...list, { hash, createTime }]);
    this.#stepOfMinor.set(bytesKey(hash), index);
  }

  #data(): ForksData {
    return {
      sideRoots: this.#steps.flatMap(({ root }, step) =>
        root?.isSide === true ? [{ step, hash: toHex(root.hash), height: root.height }] : [],
      ),
      arrivals: this.#steps.flatMap(({ arrivals }, step) =>
        [...this.#shards].map((fullShardId) => {
          const list = [...(arrivals.get(fullShardId) ?? [])].sort((a, b) => a.createTime - b.createTime);
          return { step, fullShardId, hashes: list.map(({ hash }) => toHex(hash)) };
        }),
      ),
      sideBlocks: this.#sideBlocks,
    };
  }
}

/** Root blocks of the shards' databases that are not on the chain. */
function* sideRoots(source: BlockSource, chain: RootChain): Generator<Hash32> {
  const seen = new Set<string>();
  for (const fullShardId of source.fullShardIds) {
    for (const { hash, value } of blockRows(source.shard(fullShardId), PREFIXES[source.kind].root)) {
      if (seen.has(bytesKey(hash))) continue;
      const header = decodedOrNone(() => decodeRootBlock(value))?.header;
      if (header === undefined || !bytesEqual(rootHeaderHash(header), hash)) continue;
      seen.add(bytesKey(hash));
      // Above the chain's end there is nothing that this run could follow.
      if (header.height <= chain.tipHeight && chain.heightOf(hash) === undefined) yield hash;
    }
  }
}

function* minorBlocks(source: BlockSource, fullShardId: number): Generator<SideBlock> {
  for (const { hash, value } of blockRows(source.shard(fullShardId), PREFIXES[source.kind].minor)) {
    const header = decodedOrNone(() => decodeMinorBlock(value))?.header;
    if (header !== undefined && bytesEqual(minorHeaderHash(header), hash)) yield { hash, header };
  }
}

function* blockRows({ rows }: ShardSource, prefix: Uint8Array): Generator<{ hash: Hash32; value: Uint8Array }> {
  const end = Uint8Array.from(prefix);
  end[end.length - 1]++;
  for (const { key, value } of rows.entries({ gte: prefix, lt: end })) {
    if (key.length === prefix.length + 32) yield { hash: asHash32(key.slice(prefix.length)), value };
  }
}

/** Where one prefix serves two kinds of rows, a row of the other kind does not decode. */
function decodedOrNone<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
