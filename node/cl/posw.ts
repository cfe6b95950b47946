import type { PoswConfig, QuarkChainConfig, ShardConfig } from "../chain/config.ts";
import { decayByEpoch } from "../chain/rewards.ts";
import { type Address, bytesEqual, bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { type ConsensusRules, QUARKCHAIN_CONSENSUS } from "./consensus-rules.ts";

/** What Proof of Staked Work looks at in a root or minor header. */
export interface PoswHeader {
  readonly height: number;
  readonly createTime: number;
  readonly difficulty: bigint;
}

/** What the stakes of a block's miner mean for its seal (core.py PoSWInfo). */
export interface PoswInfo {
  /** Difficulty the seal has to meet. */
  readonly effectiveDifficulty: bigint;
  /** Blocks in the window that the stakes allow. */
  readonly mineableBlocks: number;
  /** Blocks of the miner in the window, the current one included. */
  readonly minedBlocks: number;
}

export function isPoswEnabled(posw: PoswConfig, createTime: number): boolean {
  return posw.enabled && createTime >= posw.enableTimestamp;
}

/**
 * PoSW of a minor block, null where it does not apply (shard_state.py _posw_info, posw.py get_posw_info). `stakes` is
 * the miner's genesis token balance in the parent's state; `minedInWindow` its blocks in the window ending with the
 * parent.
 */
export function minorPoswInfo(
  config: QuarkChainConfig,
  shard: ShardConfig,
  header: PoswHeader,
  stakes: bigint,
  minedInWindow: number,
): PoswInfo | null {
  if (header.height === 0 || !isPoswEnabled(shard.posw, header.createTime)) return null;
  const mineableBlocks = mineableBlocksOf(shard.posw, stakes, stakePerBlock(config, shard, header));
  return poswInfo(shard.posw, header, mineableBlocks, minedInWindow, minedInWindow < mineableBlocks);
}

/** Blocks in the window that stakes allow (posw.py get_posw_info block_threshold). */
export function mineableBlocksOf(posw: PoswConfig, stakes: bigint, perBlock: bigint): number {
  const affordable = stakes / perBlock;
  return affordable < BigInt(posw.windowSize) ? Number(affordable) : posw.windowSize;
}

/** The result of get_posw_info once it is known whether the miner may use its stakes. */
export function poswInfo(
  posw: PoswConfig,
  header: PoswHeader,
  mineableBlocks: number,
  minedInWindow: number,
  isAllowed: boolean,
): PoswInfo {
  return {
    effectiveDifficulty: isAllowed ? header.difficulty / diffDivider(posw, header.createTime) : header.difficulty,
    mineableBlocks,
    minedBlocks: minedInWindow + 1,
  };
}

/** By how much stakes lower the difficulty, boosted step by step from BOOST_TIMESTAMP (config.py get_diff_divider). */
export function diffDivider(posw: PoswConfig, createTime: number): bigint {
  if (posw.boostTimestamp === 0 || createTime < posw.boostTimestamp) return posw.diffDivider;
  const begun = Math.floor((createTime - posw.boostTimestamp) / posw.boostStepInterval) + 1;
  return posw.diffDivider * posw.boostMultiplierPerStep ** BigInt(Math.min(begun, posw.boostSteps));
}

/**
 * Stakes that one block in the window takes. They decay with the block reward after the decay date, but never to 0:
 * pyquarkchain takes 0 for "not given" (posw.py get_posw_info `stake_per_block or`).
 */
export function stakePerBlock(config: QuarkChainConfig, shard: ShardConfig, header: PoswHeader): bigint {
  const total = shard.posw.totalStakePerBlock;
  const decayFrom = config.enablePoswStakingDecayTimestamp;
  if (decayFrom === null || header.createTime <= decayFrom) return total;
  const decayed = decayByEpoch(config, shard.epochInterval, total, header.height);
  return decayed === 0n ? total : decayed;
}

/** No stake is locked. */
const NOTHING_LOCKED: ReadonlyMap<string, bigint> = new Map();

/**
 * Stakes that senders of the block after `parent` must keep, by bytesKey(address): those of every miner in the window
 * and of the block's own (shard_state.py _get_sender_disallow_map). It hangs on the parent's time, not the block's,
 * and does not decay.
 */
export function senderDisallowMap(
  posw: PoswConfig,
  parentCreateTime: number,
  counts: ReadonlyMap<string, number>,
  coinbase: Address,
  { stakesLockBeforeEnabled }: ConsensusRules = QUARKCHAIN_CONSENSUS,
): ReadonlyMap<string, bigint> {
  if (!posw.enabled || !(stakesLockBeforeEnabled || isPoswEnabled(posw, parentCreateTime))) return NOTHING_LOCKED;
  const locked = stakesOf(posw, counts);
  const own = bytesKey(coinbase);
  locked.set(own, (locked.get(own) ?? 0n) + posw.totalStakePerBlock);
  return locked;
}

/** As senderDisallowMap, of a state that no block's miner stands for: `createTime` and the window are its last block's. */
export function stakesLockedBy(
  posw: PoswConfig,
  createTime: number,
  counts: ReadonlyMap<string, number>,
): ReadonlyMap<string, bigint> {
  return isPoswEnabled(posw, createTime) ? stakesOf(posw, counts) : NOTHING_LOCKED;
}

function stakesOf(posw: PoswConfig, counts: ReadonlyMap<string, number>): Map<string, bigint> {
  return new Map([...counts].map(([miner, count]) => [miner, BigInt(count) * posw.totalStakePerBlock]));
}

/** A header of either chain, as the window walks it. */
export interface WindowHeader {
  readonly height: number;
  readonly prevHash: Hash32;
  readonly coinbase: Address;
}

/**
 * Who mined the last WINDOW_SIZE − 1 blocks, genesis and its zero address included (posw.py
 * get_posw_coinbase_blockcnt). Going up a chain block by block costs one header each; any other step walks the window.
 */
export class CoinbaseWindow {
  readonly #length: number;
  readonly #headerOf: (hash: Hash32) => WindowHeader | undefined;
  #tip: Hash32 | undefined;
  /** Ring of bytesKey(coinbase); `oldest` is the next to leave once it is full. */
  #miners: string[] = [];
  #oldest = 0;
  #counts = new Map<string, number>();

  /** `headerOf` gives undefined for a block that is not there. */
  constructor(windowSize: number, headerOf: (hash: Hash32) => WindowHeader | undefined) {
    this.#length = Math.max(windowSize - 1, 0);
    this.#headerOf = headerOf;
  }

  /**
   * Blocks by bytesKey(coinbase) in the window that ends with the block `hash`; valid until the next call. Throws
   * DatabaseDamagedError when a header of the window is missing.
   */
  countsAfter(hash: Hash32): ReadonlyMap<string, number> {
    if (this.#tip === undefined || !bytesEqual(this.#tip, hash)) {
      const header = this.#header(hash);
      if (this.#tip !== undefined && header.height > 0 && bytesEqual(this.#tip, header.prevHash)) this.#append(header);
      else this.#rebuild(header);
      this.#tip = hash;
    }
    return this.#counts;
  }

  #append(header: WindowHeader): void {
    if (this.#length === 0) return;
    const miner = bytesKey(header.coinbase);
    if (this.#miners.length < this.#length) {
      this.#miners.push(miner);
    } else {
      this.#forget(this.#miners[this.#oldest]);
      this.#miners[this.#oldest] = miner;
      this.#oldest = (this.#oldest + 1) % this.#length;
    }
    this.#counts.set(miner, (this.#counts.get(miner) ?? 0) + 1);
  }

  #forget(miner: string): void {
    const left = (this.#counts.get(miner) as number) - 1;
    if (left === 0) this.#counts.delete(miner);
    else this.#counts.set(miner, left);
  }

  #rebuild(tip: WindowHeader): void {
    const window = [tip];
    for (let header = tip; header.height > 0 && window.length < this.#length; ) {
      header = this.#header(header.prevHash);
      window.push(header);
    }
    this.#miners = [];
    this.#oldest = 0;
    this.#counts = new Map();
    for (let i = window.length - 1; i >= 0; i--) this.#append(window[i]);
  }

  #header(hash: Hash32): WindowHeader {
    const header = this.#headerOf(hash);
    if (header !== undefined) return header;
    throw new DatabaseDamagedError("a block of the staking window is missing", { key: toHex(hash) });
  }
}
