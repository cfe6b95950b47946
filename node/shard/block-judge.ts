import type { QuarkChainConfig } from "../chain/config.ts";
import type { CrossShardDeposit } from "../chain/deposit.ts";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlockHeader } from "../chain/root-block.ts";
import { genesisBlockOf, genesisInputs } from "../cl/genesis-block.ts";
import type { KnownMinorBlock } from "../cl/minor-chain.ts";
import type { RuleViolation } from "../cl/rule-violation.ts";
import type { ShardCl } from "../cl/shard-cl.ts";
import type { Hash32 } from "../codec/bytes.ts";
import { KeptDeposits } from "../el/kept-deposits.ts";
import type { ExecutionAnswer } from "../engine/client/engine-calls.ts";
import type { StoredSends } from "../engine/compare-execution.ts";
import type { ComputedBlock, QkcPayload } from "../engine/engine-api.ts";
import type { ConsensusView } from "./consensus-view.ts";
import { type SendLists, sendLists } from "./sends.ts";
import { type BlockVerdict, consumedUpTo, isClean, judge } from "./verdict.ts";

/** A block with all that goes to the engine and all that its answer is held against. */
export interface PreparedBlock {
  readonly payload: QkcPayload;
  readonly cl: ShardCl<KnownMinorBlock>;
  readonly violations: readonly RuleViolation[];
  readonly stored: readonly StoredSends[];
  /** Of the root tip by which targets were reachable. */
  readonly rootTipHeight: number;
}

/** A block that an engine executed to what it declares. */
export interface ExecutedBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  readonly consumed: readonly CrossShardDeposit[];
  /** Every destination that has to be told, be it of nothing. */
  readonly sends: SendLists;
  readonly rootTipHeight: number;
}

/** What a block is judged by besides itself. */
export interface JudgedBy {
  /** Seconds since 1970 for a new block; undefined for one of history. */
  readonly now: number | undefined;
  /** By which targets are reachable. */
  readonly rootTipHeight: number;
  /** Lists that somebody is known to have stored for the block. */
  readonly stored: (cl: ShardCl<KnownMinorBlock>) => readonly StoredSends[];
}

/** Makes payloads of one shard's blocks and judges what an engine says of them. */
export class BlockJudge {
  readonly #config: QuarkChainConfig;
  readonly #fullShardId: number;
  readonly #view: ConsensusView;

  constructor(config: QuarkChainConfig, fullShardId: number, view: ConsensusView) {
    this.#config = config;
    this.#fullShardId = fullShardId;
    this.#view = view;
  }

  /** The root block that the block names has to be known. Throws MissingDepositListError where a due list never came. */
  prepare(hash: Hash32, block: MinorBlock, { now, rootTipHeight, stored }: JudgedBy): PreparedBlock {
    const cl = this.#view.clFor(block.header.prevRootBlockHash);
    const inputs = cl.inputsOf(block, undefined, rootTipHeight);
    return {
      payload: { blockHash: hash, block, inputs: { ...inputs, deposits: new KeptDeposits(inputs.deposits) } },
      cl,
      violations: cl.violationsOf(block, now),
      stored: stored(cl),
      rootTipHeight,
    };
  }

  /** The shard's genesis block on a root block: the configuration makes it. */
  prepareGenesis(rootHash: Hash32, rootHeader: RootBlockHeader): PreparedBlock {
    const block = genesisBlockOf(this.#config, this.#fullShardId, rootHeader);
    return {
      payload: { blockHash: minorHeaderHash(block.header), block, inputs: genesisInputs(block) },
      cl: this.#view.clFor(rootHash),
      violations: [],
      stored: [],
      rootTipHeight: rootHeader.height,
    };
  }

  /** The block as executed; undefined where something is wrong with it or with the answer: see the verdict. */
  judge(prepared: PreparedBlock, answer: ExecutionAnswer): { verdict: BlockVerdict; executed?: ExecutedBlock } {
    const { payload, cl, violations, stored, rootTipHeight } = prepared;
    const { blockHash: hash, block, inputs } = payload;
    const consumed = consumedUpTo(block, inputs.deposits);
    let sends: SendLists | undefined;
    const sendsTo = (computed: ComputedBlock) => {
      sends = sendLists(cl, block, computed.xshardSends);
      return (fullShardId: number) => sends?.get(fullShardId) ?? [];
    };
    const verdict = judge({ hash, block, violations, consumed, stored, sendsTo }, answer);
    if (answer.computed !== null && sends === undefined) {
      const computed = `${answer.computed.xshardSends.length} deposits, some of them to where none can go`;
      const others = verdict.differences.filter(({ field }) => field !== "xshardSends");
      const difference = { field: "xshardSends", declared: "deposits to neighbouring shards", computed };
      return { verdict: { ...verdict, differences: [...others, difference] } };
    }
    return isClean(verdict) && sends !== undefined
      ? { verdict, executed: { hash, block, consumed, sends, rootTipHeight } }
      : { verdict };
  }

  /** The genesis block as executed: it consumes and sends nothing, and its neighbours are told so. */
  executedGenesis({ payload: { blockHash: hash, block }, cl, rootTipHeight }: PreparedBlock): ExecutedBlock {
    return { hash, block, consumed: [], sends: cl.sendsOf(block, []), rootTipHeight };
  }
}
