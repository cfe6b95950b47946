import { type QuarkChainConfig, shardConfigOf } from "../../chain/config.ts";
import { minorHeaderHash } from "../../chain/minor-block.ts";
import type { RootChain } from "../../cl/root-chain.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import { RootIndex } from "../../shard/root-chains.ts";
import type { ClStore } from "../../shard/store/cl-store.ts";

/** What BLOCKHASH reaches. */
const ANCESTORS = 256;
/** At least so many blocks lie above the ground where there are as many: what is read of the newest blocks finds them. */
const LEAST_BLOCKS = 8;

export interface WindowRequest {
  readonly config: QuarkChainConfig;
  /** Over the old database. */
  readonly store: ClStore;
  readonly rootTip: Hash32;
  /** From the tip down to the root block that the ground is confirmed by. */
  readonly rootBlocks: number;
}

/** Which part of a shard's history its own stores keep. */
export interface ImportWindow {
  /** The root block that the shard is set back to. */
  readonly rootHeight: number;
  readonly rootHash: Hash32;
  /** The block that is confirmed there: everything above it is executed again. */
  readonly ground: Hash32;
  /** Root blocks above, ascending. */
  readonly roots: readonly Hash32[];
  /** Root blocks that rules may ask for while they judge what lies above the ground: hashes from this height on, ascending. */
  readonly lowestRootHeight: number;
  readonly lowerRoots: readonly Hash32[];
  /** From this root height on lists of deposits are not consumed yet. */
  readonly listsFrom: number;
  /** Down to here headers are looked at, for BLOCKHASH, stakes and the rule of the confirmed block. */
  readonly lowestHeight: number;
}

/** As many root blocks as are asked for, and as much below them as the rules look back. */
export function importWindow({ config, store, rootTip, rootBlocks }: WindowRequest): ImportWindow {
  const { fullShardId } = store;
  const { genesis, posw } = shardConfigOf(config, fullShardId);
  const chain = new RootIndex(store).chainAt(rootTip);
  const walk = new ConfirmedWalk(chain, fullShardId, genesis.rootHeight);
  const rootHeight = walk.groundRoot(chain.tipHeight - rootBlocks);
  const ground = walk.confirmedAt(rootHeight)?.hash ?? genesisOn(store, chain.hashAt(genesis.rootHeight));
  const record = store.minorRecord(ground);
  if (record === undefined) throw new DatabaseDamagedError(`shard ${fullShardId} lacks a block that is confirmed`);
  const { header, meta } = record;
  const standsOn = chain.heightOf(header.prevRootBlockHash) ?? genesis.rootHeight;
  const confirmed = walk.confirmedAt(standsOn);
  const listsFrom = Math.max(meta.xshardCursor.rootBlockHeight, genesis.rootHeight);
  const lowestRootHeight = Math.max(
    Math.min(standsOn, confirmed?.rootHeight ?? genesis.rootHeight, lowestNamed(store, chain, listsFrom)),
    genesis.rootHeight,
  );
  const lookBack = header.height - Math.max(ANCESTORS, posw.windowSize);
  return {
    ...{ rootHeight, rootHash: chain.hashAt(rootHeight), ground },
    ...{ roots: hashes(chain, rootHeight + 1, chain.tipHeight) },
    ...{ lowestRootHeight, lowerRoots: hashes(chain, lowestRootHeight, rootHeight), listsFrom },
    lowestHeight: Math.max(Math.min(lookBack, confirmed?.height ?? 0), 0),
  };
}

interface Confirmed {
  readonly hash: Hash32;
  readonly height: number;
  /** Of the root block that confirms it. */
  readonly rootHeight: number;
}

/** Which blocks of a shard a root chain confirms, seen from its tip down. */
class ConfirmedWalk {
  readonly #chain: RootChain;
  readonly #fullShardId: number;
  readonly #lowest: number;

  constructor(chain: RootChain, fullShardId: number, genesisRootHeight: number) {
    this.#chain = chain;
    this.#fullShardId = fullShardId;
    this.#lowest = genesisRootHeight;
  }

  /** The newest one as of a root height; undefined where there is none yet. */
  confirmedAt(rootHeight: number): Confirmed | undefined {
    for (let at = rootHeight; at >= this.#lowest; at--) {
      const { block, minorHashes } = this.#chain.blockAt(at);
      const index = block.minorHeaders.findLastIndex(({ branch }) => branch === this.#fullShardId);
      if (index !== -1) return { hash: minorHashes[index], height: block.minorHeaders[index].height, rootHeight: at };
    }
    return undefined;
  }

  /** Not above a root height, and with enough blocks above it. */
  groundRoot(highest: number): number {
    const top = this.confirmedAt(this.#chain.tipHeight)?.height ?? 0;
    let at = Math.max(highest, this.#lowest);
    for (let under = this.confirmedAt(at); under !== undefined; under = this.confirmedAt(at)) {
      if (top - under.height >= LEAST_BLOCKS || under.rootHeight === this.#lowest) return at;
      at = under.rootHeight - 1;
    }
    return at;
  }
}

/** Of the root blocks that minor blocks name which are confirmed from a root height on. */
function lowestNamed(store: ClStore, chain: RootChain, from: number): number {
  let lowest = from;
  for (let at = from; at <= chain.tipHeight; at++) {
    for (const { prevRootBlockHash } of chain.blockAt(at).block.minorHeaders) {
      // What a shard that was born late does not hold, it is never asked for.
      if (!store.hasRootBlock(prevRootBlockHash)) continue;
      lowest = Math.min(lowest, chain.heightOf(prevRootBlockHash) ?? lowest);
    }
  }
  return lowest;
}

function hashes(chain: RootChain, from: number, to: number): Hash32[] {
  const all: Hash32[] = [];
  for (let height = from; height <= to; height++) all.push(chain.hashAt(height));
  return all;
}

function genesisOn(store: ClStore, rootHash: Hash32): Hash32 {
  const block = store.genesisBlock(rootHash);
  if (block !== undefined) return minorHeaderHash(block.header);
  throw new DatabaseDamagedError(`shard ${store.fullShardId} lacks its genesis block`);
}
