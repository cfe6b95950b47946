import type { ShardSource } from "../../node/archive/block-source.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { ShardCl } from "../../node/cl/shard-cl.ts";
import { bytesEqual, type Hash32 } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import type { ConsensusInputs } from "../../node/el/payload.ts";
import { withKeptDeposits } from "../../node/engine/api/deposit-lists.ts";
import type { QkcPayload } from "../../node/engine/engine-api.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { type ChainSample, LEAST_SAMPLE_BLOCKS } from "./suite/chain-sample.ts";

/**
 * The first blocks of a shard as payloads, from genesis on. Throws UsageError where the database has too few of them,
 * DatabaseDamagedError for rows that cannot be read.
 */
export function chainSampleOf(database: OpenDatabase, fullShardId: number, mostBlocks: number): ChainSample {
  const { source, config, rootTip } = database;
  if (!source.fullShardIds.includes(fullShardId)) {
    const there = source.fullShardIds.join(", ");
    throw new UsageError(`the database has no shard ${fullShardId}, it has ${there}: choose with --shard or --db`);
  }
  const shard = source.shard(fullShardId);
  const hashes = firstHashes(shard, mostBlocks + 1);
  if (hashes.length <= LEAST_SAMPLE_BLOCKS) {
    throw new UsageError(
      `shard ${fullShardId} has ${hashes.length} blocks, at least ${LEAST_SAMPLE_BLOCKS + 1} are needed: choose another with --shard`,
    );
  }
  const last = shard.minorBlock(hashes[hashes.length - 1]);
  const cl = new ShardCl({
    config: config.quarkchain,
    source: shard,
    // Seen from the sample's end, so that a long chain above it is not walked.
    rootChain: new RootChain(source.rootBlocks(), last.header.prevRootBlockHash),
    rootTipHeight: source.rootBlocks().rootHeader(rootTip).height,
  });
  const [genesis, ...blocks] = hashes.map((blockHash): QkcPayload => {
    const block = cl.chain.read(blockHash);
    const isGenesis = block.header.height === 0;
    const inputs = isGenesis ? noInputs(block.meta.xshardCursor) : cl.inputsOf(block);
    return withKeptDeposits({ blockHash, block, inputs });
  });
  return {
    networkId: config.quarkchain.networkId,
    fullShardId,
    genesisStateRoot: genesis.block.meta.stateRoot,
    genesis,
    blocks,
  };
}

/** Of heights 0, 1, …, each the parent of the next. */
function firstHashes(shard: ShardSource, most: number): Hash32[] {
  const hashes: Hash32[] = [];
  for (let height = 0; height < most; height++) {
    const hash = shard.canonicalHashAt(height);
    if (hash === undefined || !shard.hasMinorBlock(hash)) break;
    const { prevMinorBlockHash } = shard.minorBlock(hash).header;
    if (height > 0 && !bytesEqual(prevMinorBlockHash, hashes[height - 1])) break;
    hashes.push(hash);
  }
  return hashes;
}

/** Of a genesis block (docs/engine-api.md). */
function noInputs(exhaustedCursor: ConsensusInputs["exhaustedCursor"]): ConsensusInputs {
  return {
    deposits: [],
    exhaustedCursor,
    senderDisallowMap: new Map(),
    reachableShards: new Set(),
    blockReward: new Map(),
  };
}
