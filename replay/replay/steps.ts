import type { RootBlockSource } from "../../node/archive/block-source.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { bytesKey, type Hash32, hashFromHex } from "../../node/codec/bytes.ts";
import { RecentMap } from "../../node/codec/recent-map.ts";

/** Root blocks between two anchors: as far as a chain of hashes is walked, and kept, at a time. */
const ANCHOR_DISTANCE = 256;
/** Shards that are served by one thread are a few steps apart, so that two chains may be in use at once. */
const MAX_CHAINS = 3;

/** A root block that arrives, and the minor blocks that arrive before it. */
export interface ReplayStep {
  /** Null behind the last root block of a run with forks. */
  readonly rootHash: Hash32 | null;
  readonly rootHeight: number;
  /** Blocks of one shard, in the order of their arrival. */
  readonly blocksOf: (fullShardId: number) => readonly Hash32[];
  /** Whether no root block of the final chain confirms the block. */
  readonly isSide: (minorHash: Hash32) => boolean;
}

/**
 * What a run feeds, in order: the root blocks of a chain from genesis on, each with the minor blocks that it confirms,
 * and what comes between them where side chains are fed too. Plain data: it crosses to other threads.
 */
export interface PlanData {
  readonly lastStep: number;
  /** Height of the last root block. */
  readonly lastHeight: number;
  /** Hashes at heights ANCHOR_DISTANCE, 2 · ANCHOR_DISTANCE, … and at the last one, 64 hex digits. */
  readonly anchors: readonly string[];
  /** Null where only the chain itself is fed. */
  readonly forks: ForksData | null;
}

export interface ForksData {
  /** Root blocks that are not on the chain, by the step with which each arrives, ascending. */
  readonly sideRoots: readonly { readonly step: number; readonly hash: string; readonly height: number }[];
  /** Steps in which a shard has other blocks than those that the step's root block confirms. */
  readonly arrivals: readonly {
    readonly step: number;
    readonly fullShardId: number;
    readonly hashes: readonly string[];
  }[];
  /** Blocks that no root block of the chain confirms. */
  readonly sideBlocks: readonly string[];
}

/** The plan for the chain alone, up to a height. */
export function canonicalPlan(lastHeight: number, hashAt: (height: number) => string): PlanData {
  const anchors: string[] = [];
  for (let height = ANCHOR_DISTANCE; height < lastHeight; height += ANCHOR_DISTANCE) anchors.push(hashAt(height));
  anchors.push(hashAt(lastHeight));
  return { lastStep: lastHeight, lastHeight, anchors, forks: null };
}

/** The steps of a run as one thread sees them. */
export class StepPlan {
  readonly lastStep: number;
  readonly hasForks: boolean;
  readonly #data: PlanData;
  readonly #rootBlocks: RootBlockSource;
  readonly #chains = new RecentMap<number, RootChain>(MAX_CHAINS);
  readonly #sideRoots: ForksData["sideRoots"];
  readonly #stepOfSideRoot = new Map<string, number>();
  readonly #arrivals = new Map<string, readonly Hash32[]>();
  readonly #sideBlocks = new Set<string>();
  #newest: RootChain | undefined;

  constructor(data: PlanData, rootBlocks: RootBlockSource) {
    const { forks, lastStep } = data;
    this.lastStep = lastStep;
    this.hasForks = forks !== null;
    this.#data = data;
    this.#rootBlocks = rootBlocks;
    this.#sideRoots = forks?.sideRoots ?? [];
    for (const { step, hash } of this.#sideRoots) this.#stepOfSideRoot.set(bytesKey(hashFromHex(hash)), step);
    for (const { step, fullShardId, hashes } of forks?.arrivals ?? []) {
      this.#arrivals.set(
        `${step}/${fullShardId}`,
        hashes.map((hash) => hashFromHex(hash)),
      );
    }
    for (const hash of forks?.sideBlocks ?? []) this.#sideBlocks.add(bytesKey(hashFromHex(hash)));
  }

  step(index: number): ReplayStep {
    const root = this.#rootOf(index);
    return {
      rootHash: root?.hash ?? null,
      rootHeight: root?.height ?? this.#data.lastHeight,
      blocksOf: (fullShardId) => this.#arrivals.get(`${index}/${fullShardId}`) ?? root?.confirms(fullShardId) ?? [],
      isSide: (minorHash) => this.#sideBlocks.has(bytesKey(minorHash)),
    };
  }

  /** The step with which a root block arrives; undefined for one that does not. */
  stepOfRoot(hash: Hash32): number | undefined {
    const side = this.#stepOfSideRoot.get(bytesKey(hash));
    if (side !== undefined) return side;
    const height = this.#newest?.heightOf(hash) ?? this.#heightOf(hash);
    return height === undefined ? undefined : this.#stepOfHeight(height);
  }

  /** Height of the chain's last root block that arrives with the step or before. */
  heightAt(index: number): number {
    const before = this.#sideRoots.filter(({ step }) => step <= index).length;
    return Math.min(index - before, this.#data.lastHeight);
  }

  /** A part of the chain from which its root blocks up to a step can be seen. */
  rootChainAt(index: number): RootChain {
    return this.#chainTo(this.heightAt(index));
  }

  #rootOf(index: number) {
    const side = this.#sideRoots.find(({ step }) => step === index);
    if (side !== undefined) {
      return { hash: hashFromHex(side.hash), height: side.height, confirms: () => [] };
    }
    const height = this.heightAt(index);
    if (this.#stepOfHeight(height) !== index) return undefined;
    const { hash, block, minorHashes } = this.#chainTo(height).blockAt(height);
    const confirms = (fullShardId: number) =>
      minorHashes.filter((_, i) => block.minorHeaders[i].branch === fullShardId);
    return { hash, height, confirms };
  }

  #heightOf(hash: Hash32): number | undefined {
    const { height } = this.#rootBlocks.rootHeader(hash);
    return height > this.#data.lastHeight ? undefined : this.#chainTo(height).heightOf(hash);
  }

  /** Steps of the chain's root blocks are moved up by the side chains' that come before them. */
  #stepOfHeight(height: number): number {
    let step = height;
    for (const side of this.#sideRoots) if (side.step <= step) step++;
    return step;
  }

  #chainTo(height: number): RootChain {
    const { anchors, lastHeight } = this.#data;
    const anchor = Math.min(Math.ceil(Math.max(height, 1) / ANCHOR_DISTANCE), anchors.length);
    const tipHeight = Math.min(anchor * ANCHOR_DISTANCE, lastHeight);
    let chain = this.#chains.get(tipHeight);
    if (chain === undefined) {
      chain = new RootChain(this.#rootBlocks, hashFromHex(anchors[anchor - 1], "root block of the plan"));
      this.#chains.set(tipHeight, chain);
    }
    this.#newest = chain;
    return chain;
  }
}
