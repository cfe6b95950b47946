import type { ShardSource } from "../archive/block-source.ts";
import { fullShardIdOf, type QuarkChainConfig, type ShardConfig, shardConfigOf } from "../chain/config.ts";
import type { CrossShardDeposit } from "../chain/deposit.ts";
import { type MinorBlock, type MinorBlockHeader, minorMiningHash } from "../chain/minor-block.ts";
import { minorBlockReward } from "../chain/rewards.ts";
import { bytesEqual, bytesKey, type Hash32 } from "../codec/bytes.ts";
import type { EngineClient } from "../el/block-executor.ts";
import { type ConsensusInputs, type DueDeposit, type ExecutionPayload, payloadOf } from "../el/payload.ts";
import { type ConsensusRules, QUARKCHAIN_CONSENSUS } from "./consensus-rules.ts";
import { type KnownMinorBlock, MinorChain } from "./minor-chain.ts";
import { minorBlockViolations } from "./minor-rules.ts";
import { CoinbaseWindow, senderDisallowMap, stakesLockedBy } from "./posw.ts";
import type { SealInput } from "./pow/seal.ts";
import { RootChain } from "./root-chain.ts";
import type { RuleViolation } from "./rule-violation.ts";
import { minorSealTarget, type SealTarget } from "./seal-target.ts";
import { areNeighborsAt, destinationsAt, reachableShards } from "./shard-neighbors.ts";
import { dueDeposits, type InboxContext } from "./xshard-inbox.ts";

/** What the rules ask of the shard's rows. */
export type ConsensusRows<Block extends KnownMinorBlock = MinorBlock> = Pick<
  ShardSource,
  "fullShardId" | "hasRootBlock" | "rootBlock" | "rootHeader" | "depositList" | "hasMinorBlock"
> & { minorBlock(hash: Hash32): Block };

/** Of a header, what decides its block's inputs. */
type PlacedHeader = Pick<MinorBlockHeader, "height" | "prevMinorBlockHash" | "prevRootBlockHash" | "coinbaseAddress">;

export interface ShardClOptions<Block extends KnownMinorBlock = MinorBlock> {
  readonly config: QuarkChainConfig;
  readonly source: ConsensusRows<Block>;
  readonly rootChain: RootChain;
  /** Height of the root block that the node regards as its tip: shards born before it can be sent to. */
  readonly rootTipHeight: number;
}

/**
 * The consensus side of one shard: which rules a block has to keep, which deposits are due to it, what its miner gets
 * and may not spend. It never executes anything (pyquarkchain cluster/shard_state.py ShardState without its EVM).
 */
export class ShardCl<Block extends KnownMinorBlock = MinorBlock> {
  readonly fullShardId: number;
  readonly chain: MinorChain<Block>;
  readonly #config: QuarkChainConfig;
  readonly #shard: ShardConfig;
  readonly #source: ConsensusRows<Block>;
  readonly #rootChain: RootChain;
  /** Of root blocks that are not on it, the one used last. */
  #sideChain: { readonly tip: Hash32; readonly chain: RootChain } | undefined;
  readonly #rootHeight: (hash: Hash32) => number;
  readonly #inbox: InboxContext;
  readonly #window: CoinbaseWindow;
  readonly #rootTipHeight: number;
  #reachable: { readonly rootTipHeight: number; readonly shards: ReadonlySet<number> } | undefined;

  constructor({ config, source, rootChain, rootTipHeight }: ShardClOptions<Block>) {
    this.fullShardId = source.fullShardId;
    this.#config = config;
    this.#shard = shardConfigOf(config, this.fullShardId);
    this.#rootChain = rootChain;
    this.#source = source;
    this.chain = new MinorChain(source);
    this.#rootTipHeight = rootTipHeight;
    this.#window = new CoinbaseWindow(this.#shard.posw.windowSize, (hash) => {
      const { header } = this.chain.get(hash);
      return { height: header.height, prevHash: header.prevMinorBlockHash, coinbase: header.coinbaseAddress.recipient };
    });
    this.#rootHeight = (hash) => rootChain.heightOf(hash) ?? source.rootHeader(hash).height;
    this.#inbox = {
      fullShardId: this.fullShardId,
      rootChain,
      genesisTokenId: config.genesisTokenId,
      genesisRootHeight: this.#shard.genesis.rootHeight,
      isNeighbor: (other, rootHeight) => areNeighborsAt(config, this.fullShardId, other, rootHeight),
      rootHeight: (hash) => this.#knownRootHeight(hash),
      depositList: (sourceMinorHash) => source.depositList(sourceMinorHash)?.deposits,
    };
  }

  /**
   * Rules that the block breaks, whatever it executes to; empty for a valid one. `chain` must hold the block's parent.
   * `now`: seconds since 1970 for a new block, undefined for one of history.
   */
  violationsOf(block: MinorBlock, now?: number): readonly RuleViolation[] {
    const parentHash = block.header.prevMinorBlockHash;
    return minorBlockViolations(block, {
      config: this.#config,
      shard: this.#shard,
      parent: this.chain.has(parentHash) ? this.chain.get(parentHash).header : undefined,
      now,
      rootHeight: this.#rootHeight,
      isRootAncestor: (ancestor, descendant) => this.#rootChainOf(descendant).isAncestor(ancestor, descendant),
      lastConfirmed: (rootHash) => {
        const height = this.#rootHeight(rootHash);
        return this.#rootChainOf(rootHash).lastConfirmed(this.fullShardId, height, this.#shard.genesis.rootHeight);
      },
      isAncestorOfParent: ({ hash, header }) => this.chain.isAncestor(hash, header.height, parentHash),
    });
  }

  /** What the block's seal has to meet (shard_state.py validate_minor_block_seal). */
  async sealTargetOf(
    { header }: MinorBlock,
    parentStateRoot: Hash32,
    engine: Pick<EngineClient, "getBalance">,
  ): Promise<SealTarget> {
    const coinbase = header.coinbaseAddress.recipient;
    const stakes = await engine.getBalance({
      fullShardId: this.fullShardId,
      stateRoot: parentStateRoot,
      address: coinbase,
      tokenId: this.#config.genesisTokenId,
    });
    const mined = this.#window.countsAfter(header.prevMinorBlockHash).get(bytesKey(coinbase)) ?? 0;
    return minorSealTarget(this.#config, this.#shard, header, stakes, mined);
  }

  /** The block's seal as its consensus type reads it. */
  sealOf({ header }: Pick<MinorBlock, "header">, difficulty: bigint): SealInput {
    const fromHeight = this.#config.enableQkchashXHeight;
    return {
      consensusType: this.#shard.consensusType,
      miningHash: minorMiningHash(header),
      nonce: header.nonce,
      mixhash: header.mixhash,
      difficulty,
      height: header.height,
      qkchashX: fromHeight !== null && header.height >= fromHeight,
    };
  }

  /** What the block's execution depends on, given the state that its parent ends with. */
  payloadOf(block: MinorBlock, parentStateRoot: Hash32, rules = QUARKCHAIN_CONSENSUS): ExecutionPayload {
    const ancestorHash = this.chain.ancestorsFrom(block.header.prevMinorBlockHash);
    return payloadOf(block, this.inputsOf(block, rules), { parentStateRoot, ancestorHash });
  }

  /**
   * What the root chain and the configuration say of the block's execution. `rootTipHeight`: of the root tip by which its
   * targets are reachable (shard_state.py __validate_tx).
   */
  inputsOf(
    { header }: { readonly header: PlacedHeader },
    rules: ConsensusRules = QUARKCHAIN_CONSENSUS,
    rootTipHeight = this.#rootTipHeight,
  ): ConsensusInputs {
    const parent = this.chain.get(header.prevMinorBlockHash);
    const rootHash = header.prevRootBlockHash;
    const inbox = this.#inboxOn(this.#rootChainOf(rootHash));
    const due = dueDeposits(inbox, parent.meta.xshardCursor, this.#rootHeight(rootHash));
    return {
      deposits: due.deposits,
      exhaustedCursor: due.exhaustedCursor,
      senderDisallowMap: senderDisallowMap(
        this.#shard.posw,
        parent.header.createTime,
        this.#window.countsAfter(header.prevMinorBlockHash),
        header.coinbaseAddress.recipient,
        rules,
      ),
      reachableShards: this.reachableAt(rootTipHeight),
      blockReward: minorBlockReward(this.#config, this.#shard, header.height),
    };
  }

  /** Deposits that a block left for those behind it, up to a root block (shard_state.py XshardTxCursor with an end). */
  dueAfter(minorHash: Hash32, rootHash: Hash32): Iterable<DueDeposit> {
    const inbox = this.#inboxOn(this.#rootChainOf(rootHash));
    return dueDeposits(inbox, this.chain.get(minorHash).meta.xshardCursor, this.#rootHeight(rootHash)).deposits;
  }

  /** Blocks that each miner has in the staking window that ends with a block, by bytesKey(address); valid until the next call. */
  minedUpTo(minorHash: Hash32): ReadonlyMap<string, number> {
    return this.#window.countsAfter(minorHash);
  }

  /**
   * Stakes that senders have to keep behind a block, as a state without a block of its own has them, by bytesKey(address)
   * (shard_state.py init_from_root_block, _get_sender_disallow_map without a recipient).
   */
  stakesLockedAfter(minorHash: Hash32): ReadonlyMap<string, bigint> {
    const { header } = this.chain.get(minorHash);
    return stakesLockedBy(this.#shard.posw, header.createTime, this.#window.countsAfter(minorHash));
  }

  /** Shards that a transaction can be sent to at a root height. */
  reachableAt(rootTipHeight: number): ReadonlySet<number> {
    if (this.#reachable?.rootTipHeight !== rootTipHeight) {
      this.#reachable = { rootTipHeight, shards: reachableShards(this.#config, this.fullShardId, rootTipHeight) };
    }
    return this.#reachable.shards;
  }

  /**
   * Shards that have to be told what a block sends them, be it nothing, with the deposits for each
   * (pyquarkchain cluster/slave.py broadcast_xshard_tx_list).
   */
  sendsOf(block: MinorBlock, sends: readonly CrossShardDeposit[]): ReadonlyMap<number, readonly CrossShardDeposit[]> {
    const rootHeight = this.#rootHeight(block.header.prevRootBlockHash);
    const lists = new Map<number, CrossShardDeposit[]>();
    for (const id of destinationsAt(this.#config, this.fullShardId, rootHeight)) lists.set(id, []);
    for (const deposit of sends) lists.get(fullShardIdOf(this.#config, deposit.to.fullShardKey))?.push(deposit);
    return lists;
  }

  /**
   * The root chain on which a block stands that names this root block: a side block's deposits are those of its own
   * (shard_state.py XshardTxCursor walks from the block's root block down).
   */
  #rootChainOf(rootHash: Hash32): RootChain {
    if (this.#rootChain.heightOf(rootHash) !== undefined) return this.#rootChain;
    if (this.#sideChain === undefined || !bytesEqual(this.#sideChain.tip, rootHash)) {
      this.#sideChain = { tip: rootHash, chain: new RootChain(this.#source, rootHash) };
    }
    return this.#sideChain.chain;
  }

  #inboxOn(rootChain: RootChain): InboxContext {
    return rootChain === this.#rootChain ? this.#inbox : { ...this.#inbox, rootChain };
  }

  /** A shard that is born later than the root chain does not hold what lies below. */
  #knownRootHeight(hash: Hash32): number | undefined {
    const isEarlyShard = this.#shard.genesis.rootHeight === 0;
    if (!isEarlyShard && !this.#rootChain.knows(hash) && !this.#source.hasRootBlock(hash)) return undefined;
    return this.#rootHeight(hash);
  }
}
