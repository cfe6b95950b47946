import type { ClusterConfig } from "../../chain/config.ts";
import { encodeDepositList } from "../../chain/deposit.ts";
import { rootGenesisBlock } from "../../chain/genesis.ts";
import { type MinorBlock, minorHeaderHash } from "../../chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../../chain/root-block.ts";
import { type Hash32, toHex } from "../../codec/bytes.ts";
import { DatabaseDamagedError, QkcError, UsageError } from "../../codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../el/evm/rules.ts";
import { copyState } from "../../el/store/copy-state.ts";
import { ExecutionNode } from "../../execution-node/execution-node.ts";
import type { OldShard } from "../../shard/base/old-shard.ts";
import { type OpenBase, openBase } from "../../shard/base/open-base.ts";
import type { ReceivedList } from "../../shard/chain-types.ts";
import { Unit } from "../../shard/ledger.ts";
import { RootIndex } from "../../shard/root-chains.ts";
import { confirmedIn } from "../../shard/root-refusal.ts";
import { ShardChain } from "../../shard/shard-chain.ts";
import { ClStore } from "../../shard/store/cl-store.ts";
import { consensusFolder, executionFolder, secondsNow } from "../open-shard.ts";
import { copyGround } from "./copy-ground.ts";
import { type ImportWindow, importWindow } from "./import-window.ts";

export interface ShardImportOptions {
  readonly cluster: ClusterConfig;
  readonly fullShardId: number;
  /** Of the slave. */
  readonly datadir: string;
  /** Folder of the old database. */
  readonly base: string;
  /** Root blocks below the tip whose blocks are kept. */
  readonly rootBlocks: number;
  /** Root block up to which an import that was ended was to come, or that is named where nothing else says where it ends. */
  readonly rootTip: Hash32 | undefined;
  /** Told the root block up to which it comes, before anything is changed. */
  readonly onRootTip: (hash: Hash32) => void;
  readonly cacheBytes: number;
  /** Told where it is, often; may throw to end the import, which goes on from there the next time. */
  readonly onProgress: (text: string) => void;
}

/** What of a shard its own stores hold now. */
export interface ShardImport {
  readonly rootHeight: number;
  readonly head: { readonly height: number; readonly hash: Hash32 };
  /** The first block that is kept with what it executed to. */
  readonly firstHeight: number;
}

/** One shard's stores, open. */
interface Stores {
  readonly store: ClStore;
  readonly node: ExecutionNode;
  readonly chain: ShardChain;
}

/**
 * Makes a shard's stores do without the old database below them: they are set back by some root blocks, take over the state
 * there with what rules look back at, and then execute the old blocks again, with nothing below them any more, up to where
 * they stood. At every moment they are whole over the database, so that it can be ended and begun again. Undefined where
 * the database has nothing of the shard.
 */
export async function importShard(options: ShardImportOptions): Promise<ShardImport | undefined> {
  const { base: folder, cluster, fullShardId } = options;
  const base = openBase(folder, cluster.quarkchain, fullShardId);
  if (base === undefined) return undefined;
  try {
    const window = await withStores(options, base.shard, (stores) => layGround(options, base, stores));
    return await withStores(options, undefined, (stores) => executeAgain(options, base.shard, window, stores));
  } finally {
    base.close();
  }
}

async function withStores<T>(
  { cluster, fullShardId, datadir, cacheBytes }: ShardImportOptions,
  base: OldShard | undefined,
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const config = cluster.quarkchain;
  const rootGenesisHash = rootHeaderHash(rootGenesisBlock(config).header);
  const store = await ClStore.open(consensusFolder(datadir, fullShardId), { fullShardId, rootGenesisHash }, { base });
  try {
    const folder = executionFolder(datadir, fullShardId);
    const node = await ExecutionNode.open({
      ...{ folder, config, fullShardId, base, cacheBytes },
      ...{ rules: QUARKCHAIN_RULES, durability: "process", retention: "archive", version: "" },
    });
    try {
      const roots = new RootIndex(store);
      const keepsHistory = cluster.enableTransactionHistory;
      const chain = ShardChain.open({ config, store, roots, engine: node, keepsHistory, clock: secondsNow });
      return await work({ store, node, chain });
    } finally {
      await node.close();
    }
  } finally {
    await store.close();
  }
}

/** The chain is set back, and what it stands on there becomes the stores' own. */
async function layGround(options: ShardImportOptions, base: OpenBase, stores: Stores): Promise<ImportWindow> {
  const { cluster, rootBlocks, onRootTip, onProgress } = options;
  const { store, node, chain } = stores;
  const rootTip = rootTipOf(options, base, store);
  onRootTip(rootTip);
  const window = importWindow({ config: cluster.quarkchain, store, rootTip, rootBlocks });
  onProgress(`set back to root block ${window.rootHeight}`);
  await chain.startFrom(window.rootHash);
  let rows = 0;
  await copyState(node.store, node.store.block(window.ground).meta.stateRoot, (count) => {
    rows += count;
    onProgress(`${rows} rows of the state copied`);
  });
  await copyGround(stores, window);
  return window;
}

/** Every block above the ground, root block by root block: whatever that needs has to be in the stores themselves. */
async function executeAgain(
  { fullShardId, onProgress }: ShardImportOptions,
  base: OldShard,
  { rootHeight, roots }: ImportWindow,
  { store, node, chain }: Stores,
): Promise<ShardImport> {
  await chain.recover();
  for (const [i, hash] of roots.entries()) {
    onProgress(`root block ${rootHeight + 1 + i} of ${rootHeight + roots.length}`);
    const block = store.hasRootBlock(hash) ? store.rootBlock(hash) : base.rootBlock(hash);
    await chain.receive(listsFor(base, block));
    const own = confirmedIn(block, fullShardId);
    const unit = new Unit();
    for (const minorHash of own) {
      // The genesis block, which the stores have had since they were begun.
      if (chain.statusOf(minorHash) !== "unknown" && chain.blocks.ref(minorHash).height === 0) continue;
      const minor = base.findBlock(minorHash) ?? node.store.block(minorHash);
      await executeOne(chain, unit, { hash: minorHash, block: minor }, base.name);
    }
    chain.takeRoot(unit, { hash, block, lastMinor: own.at(-1) });
    await chain.write(unit, { commits: true });
    await chain.followHead();
  }
  const { snapshot } = chain;
  if (snapshot === undefined) throw new QkcError("INTERNAL", "a shard without a genesis block was imported");
  const { head, rootTip } = snapshot;
  return { rootHeight: rootTip.header.height, head, firstHeight: node.store.firstHeight };
}

async function executeOne(
  chain: ShardChain,
  unit: Unit,
  { hash, block }: { readonly hash: Hash32; readonly block: MinorBlock },
  name: string,
): Promise<void> {
  const [{ executed, verdict }] = await chain.execute([chain.prepare(hash, block)]);
  if (executed !== undefined) {
    chain.take(unit, executed);
    return;
  }
  const wrong = [...verdict.differences.map(({ field }) => field), ...verdict.violations.map(({ message }) => message)];
  throw new DatabaseDamagedError(
    `block ${block.header.height} of ${name} does not execute to what it declares (${wrong.join(", ")}): qkc checkdb says more`,
    { key: toHex(hash) },
  );
}

/** What other shards' blocks that a root block confirms sent here; those that the stores have already are left as they are. */
function listsFor(base: OldShard, { minorHeaders }: RootBlock): ReceivedList[] {
  return minorHeaders
    .filter(({ branch }) => branch !== base.fullShardId)
    .flatMap((header) => {
      const sourceMinorHash = minorHeaderHash(header);
      const list = base.depositList(sourceMinorHash);
      return list === undefined ? [] : [{ sourceMinorHash, encoded: encodeDepositList(list.deposits) }];
    });
}

/** An import that was ended has left the stores below where they stood; a slave may have run on them since. */
function rootTipOf(options: ShardImportOptions, base: OpenBase, store: ClStore): Hash32 {
  const own = store.tips()?.rootTip;
  const named = options.rootTip ?? (own === undefined ? base.rootTip() : undefined);
  const rootTip = named ?? own;
  if (rootTip === undefined || !store.hasRootBlock(rootTip)) throw unknownTip(options, rootTip);
  if (own === undefined) return rootTip;
  const difficulty = (hash: Hash32) => store.rootHeader(hash).totalDifficulty;
  return difficulty(own) > difficulty(rootTip) ? own : rootTip;
}

function unknownTip({ base, fullShardId }: ShardImportOptions, rootTip: Hash32 | undefined): UsageError {
  if (rootTip !== undefined) return new UsageError(`shard ${fullShardId} has no root block ${toHex(rootTip)}`);
  return new UsageError(
    `neither the stores nor ${base} say at which root block shard ${fullShardId} ends: start the slave once, or name it with --root-tip HASH`,
  );
}
