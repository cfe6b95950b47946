import { readFileSync, writeFileSync } from "node:fs";
import { openPyquarkchainDatabase, type PyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { heightKey, PREFIX, prefixedKey, ROOT_TIP_KEY } from "../../node/archive/pyquarkchain/keys.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { merkleRoot } from "../../node/chain/merkle-root.ts";
import {
  encodeMinorBlock,
  type MinorBlock,
  type MinorBlockHeader,
  type MinorBlockMeta,
  minorHeaderHash,
  minorMetaHash,
} from "../../node/chain/minor-block.ts";
import { rootBlockCoinbase } from "../../node/chain/rewards.ts";
import { encodeRootBlock, type RootBlock, type RootBlockHeader, rootHeaderHash } from "../../node/chain/root-block.ts";
import { bytesEqual, bytesKey, type Hash32 } from "../../node/codec/bytes.ts";

/** The database that hostile twins are made of, and the configuration beside it. */
export const FIXTURE = "fixtures/pyqkc-small";
export const CONFIG = `${FIXTURE}/cluster_config.json`;
export const MASTER = "master.db";

export function shardFolder(fullShardId: number): string {
  return `shard-${fullShardId}.db`;
}

/** Where a forger lays hands on a chain. What a change returns is taken as it is, however wrong. */
export interface Forgery {
  readonly minor?: {
    readonly fullShardId: number;
    readonly height: number;
    readonly change: (block: MinorBlock) => MinorBlock;
  };
  readonly root?: { readonly height: number; readonly change: (block: RootBlock) => RootBlock };
  /** Rows changed last. */
  readonly rows?: (twin: DatabaseTwin) => void;
}

/** The block with changed meta fields and a header that commits to them. */
export function withMeta(block: MinorBlock, change: Partial<MinorBlockMeta>): MinorBlock {
  const meta = { ...block.meta, ...change };
  return { ...block, meta, header: { ...block.header, metaHash: minorMetaHash(meta) } };
}

export function withHeader(block: MinorBlock, change: Partial<MinorBlockHeader>): MinorBlock {
  return { ...block, header: { ...block.header, ...change } };
}

export function withRootHeader(block: RootBlock, change: Partial<RootBlockHeader>): RootBlock {
  return { ...block, header: { ...block.header, ...change } };
}

/** A copy with one bit of the byte at `at` turned over; a negative place counts from the end. */
export function flipped<T extends Uint8Array>(bytes: T, at = 0): T {
  const copy = Uint8Array.prototype.slice.call(bytes) as T;
  copy[at < 0 ? copy.length + at : at] ^= 1;
  return copy;
}

/** Turns over one bit of a file's byte; a negative offset counts from the end. */
export function flipByte(path: string, offset: number): void {
  writeFileSync(path, flipped(readFileSync(path), offset));
}

/** Canonical chain of the untouched database. */
export class FixtureChain {
  readonly db: PyquarkchainDatabase = openPyquarkchainDatabase(FIXTURE);
  /** From height 0 on. */
  readonly roots: readonly { readonly hash: Hash32; readonly block: RootBlock }[];
  readonly shardIds: readonly number[];
  readonly #confirmed = new Map<string, Hash32>();

  constructor() {
    const archive = this.db.rootBlocks();
    const roots: { hash: Hash32; block: RootBlock }[] = [];
    for (let hash = this.db.rootTipHash() as Hash32; ; hash = roots[0].block.header.prevBlockHash) {
      roots.unshift({ hash, block: archive.rootBlock(hash) });
      if (roots[0].block.header.height === 0) break;
    }
    this.roots = roots;
    this.shardIds = this.db.fullShardIds;
    for (const { block } of roots) {
      for (const header of block.minorHeaders) {
        this.#confirmed.set(`${header.branch}/${header.height}`, minorHeaderHash(header));
      }
    }
  }

  get tip(): { readonly hash: Hash32; readonly block: RootBlock } {
    return this.roots[this.roots.length - 1];
  }

  /** Height of a shard's newest confirmed block. */
  tipHeight(fullShardId: number): number {
    const own = this.tip.block.minorHeaders.filter(({ branch }) => branch === fullShardId);
    return own[own.length - 1].height;
  }

  minorHash(fullShardId: number, height: number): Hash32 {
    const hash = this.#confirmed.get(`${fullShardId}/${height}`);
    if (hash === undefined) throw new Error(`block ${height} of shard ${fullShardId} is not confirmed`);
    return hash;
  }

  minorBlock(fullShardId: number, height: number): MinorBlock {
    return this.db.shard(fullShardId).minorBlock(this.minorHash(fullShardId, height));
  }

  close(): void {
    this.db.close();
  }

  /**
   * A twin in which the forged block and everything that builds on it is hashed anew: later blocks of all shards, the
   * root blocks over them, their deposit lists, indexes and the tip. Only what the forgery says is wrong in it.
   */
  forge({ minor, root, rows }: Forgery): DatabaseTwin {
    const twin = new DatabaseTwin(FIXTURE);
    const config = readClusterConfig(CONFIG).quarkchain;
    const renamed = new Map<string, Hash32>();
    const now = (hash: Hash32) => renamed.get(bytesKey(hash)) ?? hash;
    for (const { hash, block } of this.roots) {
      const minorHeaders = block.minorHeaders.map((header) => {
        const oldHash = minorHeaderHash(header);
        const old = this.db.shard(header.branch).minorBlock(oldHash);
        const linked = withHeader(old, {
          prevMinorBlockHash: now(header.prevMinorBlockHash),
          prevRootBlockHash: now(header.prevRootBlockHash),
        });
        const isTarget = minor?.fullShardId === header.branch && minor.height === header.height;
        const forged = isTarget ? minor.change(linked) : linked;
        const newHash = minorHeaderHash(forged.header);
        if (bytesEqual(newHash, oldHash)) {
          if (isTarget)
            twin.put(shardFolder(header.branch), prefixedKey(PREFIX.minorBlock, newHash), encodeMinorBlock(forged));
          return header;
        }
        renamed.set(bytesKey(oldHash), newHash);
        this.#replaceMinor(twin, oldHash, newHash, forged);
        return forged.header;
      });
      const changed = minorHeaders.some((header, i) => header !== block.minorHeaders[i]);
      const linked: RootBlock = {
        ...block,
        minorHeaders,
        header: {
          ...block.header,
          prevBlockHash: now(block.header.prevBlockHash),
          merkleRoot: changed ? merkleRoot(minorHeaders.map(minorHeaderHash)) : block.header.merkleRoot,
          coinbaseAmounts: changed
            ? rootBlockCoinbase(config, block.header.height, minorHeaders)
            : block.header.coinbaseAmounts,
        },
      };
      const isTarget = root?.height === block.header.height;
      const forged = isTarget ? root.change(linked) : linked;
      const newHash = rootHeaderHash(forged.header);
      if (!isTarget && bytesEqual(newHash, hash)) continue;
      renamed.set(bytesKey(hash), newHash);
      this.#replaceRoot(twin, hash, newHash, forged);
    }
    twin.put(MASTER, ROOT_TIP_KEY, now(this.tip.hash));
    rows?.(twin);
    return twin.write();
  }

  #replaceMinor(twin: DatabaseTwin, oldHash: Hash32, newHash: Hash32, block: MinorBlock): void {
    const { branch, height } = block.header;
    const folder = shardFolder(branch);
    twin.delete(folder, prefixedKey(PREFIX.minorBlock, oldHash));
    twin.put(folder, prefixedKey(PREFIX.minorBlock, newHash), encodeMinorBlock(block));
    twin.put(folder, heightKey(PREFIX.minorHeightIndex, height), newHash);
    for (const id of this.shardIds) {
      const list = this.db.shard(id).rows.get(prefixedKey(PREFIX.receivedDeposits, oldHash));
      if (list === undefined) continue;
      twin.delete(shardFolder(id), prefixedKey(PREFIX.receivedDeposits, oldHash));
      twin.put(shardFolder(id), prefixedKey(PREFIX.receivedDeposits, newHash), list);
    }
  }

  #replaceRoot(twin: DatabaseTwin, oldHash: Hash32, newHash: Hash32, block: RootBlock): void {
    for (const folder of [MASTER, ...this.shardIds.map(shardFolder)]) {
      twin.delete(folder, prefixedKey(PREFIX.rootBlock, oldHash));
      twin.put(folder, prefixedKey(PREFIX.rootBlock, newHash), encodeRootBlock(block));
    }
    twin.put(MASTER, heightKey(PREFIX.rootHeightIndex, block.header.height), newHash);
  }
}
