import type { QuarkChainConfig } from "../chain/config.ts";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { minorGenesisBlock, rootGenesisBlock } from "../chain/genesis.ts";
import { merkleRoot } from "../chain/merkle-root.ts";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash, minorMetaHash } from "../chain/minor-block.ts";
import { minorBlockReward, rootBlockCoinbase } from "../chain/rewards.ts";
import { type RootBlock, type RootBlockHeader, rootHeaderHash } from "../chain/root-block.ts";
import type { TokenBalances } from "../chain/token-balances.ts";
import { wrapTransaction } from "../chain/typed-transaction.ts";
import { asAddress, type Hash32, utf8 } from "../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../codec/keccak.ts";
import { nextDifficulty } from "./difficulty.ts";

/** Rules of the blocks below: two chains, chain 0 with one shard from the start, chain 1 with two from root height 4. */
export const CONFIG: QuarkChainConfig = readFixtureConfig("varied.json").quarkchain;
export const FIRST_SHARD = 1;
export const LATE_SHARD = 0x10002;

const MINER = asAddress(new Uint8Array(20).fill(0x33));

export const ROOT_GENESIS: RootBlockHeader = rootGenesisBlock(CONFIG).header;

export function genesisOf(fullShardId: number, root: RootBlockHeader = ROOT_GENESIS): MinorBlockHeader {
  return minorGenesisBlock(CONFIG, fullShardId, root, EMPTY_TRIE_ROOT).header;
}

/** A valid block with two transactions on `parent`; nothing of it is executed. */
export function minorBlockOn(parent: MinorBlockHeader, root: RootBlockHeader, seconds = 10): MinorBlock {
  const shard = CONFIG.shards.get(parent.branch)!;
  const transactions = [wrapTransaction(utf8("one")), wrapTransaction(utf8("two"))];
  const meta = {
    merkleRoot: merkleRoot(transactions.map(({ hash }) => hash)),
    stateRoot: EMPTY_TRIE_ROOT,
    receiptRoot: EMPTY_TRIE_ROOT,
    gasUsed: 42_000n,
    xshardReceiveGasUsed: 0n,
    xshardCursor: { rootBlockHeight: root.height + 1, minorBlockIndex: 0, xshardDepositIndex: 0 },
    xshardGasLimit: 6_000_000n,
  };
  const height = parent.height + 1;
  const createTime = parent.createTime + seconds;
  const header: MinorBlockHeader = {
    ...parent,
    height,
    coinbaseAddress: { recipient: MINER, fullShardKey: parent.branch },
    coinbaseAmounts: minorBlockReward(CONFIG, shard, height),
    prevMinorBlockHash: minorHeaderHash(parent),
    prevRootBlockHash: rootHeaderHash(root),
    metaHash: minorMetaHash(meta),
    createTime,
    difficulty: nextDifficulty(shard.difficulty, parent, createTime),
    extraData: utf8("extra"),
  };
  return { header, meta, transactions, trackingData: utf8("tracking") };
}

/** A valid block on `parent` that confirms these minor headers. */
export function rootBlockOn(
  parent: RootBlockHeader,
  minorHeaders: readonly MinorBlockHeader[],
  seconds = 60,
): RootBlock {
  const height = parent.height + 1;
  const createTime = parent.createTime + seconds;
  const difficulty = nextDifficulty(CONFIG.root.difficulty, parent, createTime);
  const header: RootBlockHeader = {
    ...parent,
    height,
    prevBlockHash: rootHeaderHash(parent),
    merkleRoot: merkleRoot(minorHeaders.map(minorHeaderHash)),
    stateRoot: EMPTY_TRIE_ROOT,
    coinbaseAddress: { recipient: MINER, fullShardKey: 0 },
    coinbaseAmounts: withoutZeros(rootBlockCoinbase(CONFIG, height, minorHeaders)),
    createTime,
    difficulty,
    totalDifficulty: parent.totalDifficulty + difficulty,
    extraData: utf8("extra"),
  };
  return { header, minorHeaders, trackingData: utf8("tracking") };
}

/** What is left of amounts once they were written to a block. */
function withoutZeros(balances: TokenBalances): TokenBalances {
  return new Map([...balances].filter(([, amount]) => amount !== 0n));
}

export function hashesOf(minorHeaders: readonly MinorBlockHeader[]): readonly Hash32[] {
  return minorHeaders.map(minorHeaderHash);
}
