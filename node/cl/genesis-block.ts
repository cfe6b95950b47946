import { type GenesisAccount, type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import { minorGenesisBlock } from "../chain/genesis.ts";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlockHeader } from "../chain/root-block.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import { buildGenesisState } from "../el/genesis-state.ts";
import type { ConsensusInputs } from "../el/payload.ts";
import type { NodeStore } from "../el/state/node-store.ts";
import { MemoryNodes } from "../el/store/memory-nodes.ts";
import { type ConsensusRules, GOQUARKCHAIN_CONSENSUS, QUARKCHAIN_CONSENSUS } from "./consensus-rules.ts";

/** A shard's genesis block as the configuration makes it on a root block; its state goes into `nodes`. */
export function genesisBlockOf(
  config: QuarkChainConfig,
  fullShardId: number,
  rootHeader: RootBlockHeader,
  rules: ConsensusRules = QUARKCHAIN_CONSENSUS,
  nodes: NodeStore = new MemoryNodes(),
): MinorBlock {
  const stateRoot = buildGenesisState(nodes, genesisAccounts(config, fullShardId, rules));
  return minorGenesisBlock(config, fullShardId, rootHeader, stateRoot);
}

/** What the execution of a genesis block is given: nothing is due to it, and nothing reaches another shard. */
export function genesisInputs({ header, meta }: MinorBlock): ConsensusInputs {
  return {
    deposits: [],
    exhaustedCursor: meta.xshardCursor,
    senderDisallowMap: new Map(),
    reachableShards: new Set(),
    blockReward: header.coinbaseAmounts,
  };
}

export function genesisMinorHash(
  config: QuarkChainConfig,
  fullShardId: number,
  rootHeader: RootBlockHeader,
  rules: ConsensusRules = QUARKCHAIN_CONSENSUS,
): Hash32 {
  return minorHeaderHash(genesisBlockOf(config, fullShardId, rootHeader, rules).header);
}

/** The rules by which the configuration makes a shard's genesis block of this hash; undefined: it does not. */
export function genesisRulesOf(
  config: QuarkChainConfig,
  fullShardId: number,
  rootHeader: RootBlockHeader,
  hash: Hash32,
): ConsensusRules | undefined {
  const candidates = [QUARKCHAIN_CONSENSUS, GOQUARKCHAIN_CONSENSUS];
  return candidates.find((rules) => bytesEqual(hash, genesisMinorHash(config, fullShardId, rootHeader, rules)));
}

/** A sentence for a genesis block that only other rules than the judging ones make; undefined for the judging ones. */
export function otherGenesisText(fullShardId: number, { name }: ConsensusRules): string | undefined {
  if (name === QUARKCHAIN_CONSENSUS.name) return undefined;
  return (
    `the genesis block of shard ${fullShardId} is not the one that the configuration makes, ` +
    `but exactly what the rules of ${name} make of it (genesisHasWholeChain): it differs wherever it is checked`
  );
}

/**
 * Where goquarkchain's ALLOC names a recipient with two shard keys, which of them its account gets is chance: it walks
 * a Go map (core/genesis.go). Here it is the first in the file.
 */
function genesisAccounts(
  config: QuarkChainConfig,
  fullShardId: number,
  { genesisHasWholeChain }: ConsensusRules,
): readonly GenesisAccount[] {
  const shard = shardConfigOf(config, fullShardId);
  const chain = config.chains.find(({ chainId }) => chainId === shard.chainId);
  return genesisHasWholeChain && chain !== undefined ? chain.genesis.accounts : shard.genesis.accounts;
}
