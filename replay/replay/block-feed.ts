import type { BlockSource } from "../../node/archive/block-source.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import type { CrossShardDeposit } from "../../node/chain/deposit.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { RootBlockHeader } from "../../node/chain/root-block.ts";
import { genesisBlockOf } from "../../node/cl/genesis-block.ts";
import type { RuleViolation } from "../../node/cl/rule-violation.ts";
import type { ShardCl } from "../../node/cl/shard-cl.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { KeptDeposits } from "../../node/el/kept-deposits.ts";
import type { ExecutionAnswer } from "../../node/engine/client/engine-calls.ts";
import type { ComputedBlock, QkcPayload } from "../../node/engine/engine-api.ts";
import type { StoredSends } from "../execution/comparator.ts";
import { type BlockVerdict, consumedUpTo, isClean, judge } from "./block-verdict.ts";
import { type SendLists, sendLists } from "./sends.ts";
import type { ShardView } from "./shard-view.ts";

export interface BlockFeedOptions {
  readonly config: QuarkChainConfig;
  /** The old database. */
  readonly source: BlockSource;
  readonly fullShardId: number;
  readonly view: ShardView;
}

/** A block with the consensus side of the root chain that it stands on. */
export interface ReadBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  readonly cl: ShardCl;
}

/** A block with all that goes to the engine and all that its answer is held against. */
export interface PreparedBlock {
  readonly payload: QkcPayload;
  readonly cl: ShardCl;
  readonly violations: readonly RuleViolation[];
  readonly stored: readonly StoredSends[];
}

/** A block that an engine executed to what it declares. */
export interface ExecutedBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  readonly consumed: readonly CrossShardDeposit[];
  readonly sends: SendLists;
}

const NO_STAKES: ReadonlyMap<string, bigint> = new Map();
const NO_SHARDS: ReadonlySet<number> = new Set();

/** Takes one shard's blocks from the old database, makes payloads of them and judges what an engine says. */
export class BlockFeed {
  readonly #options: BlockFeedOptions;

  constructor(options: BlockFeedOptions) {
    this.#options = options;
  }

  /** A block as the old database has it. */
  read(hash: Hash32): ReadBlock {
    return { hash, ...this.#options.view.read(hash) };
  }

  /** Deposits of every root block up to the one that the block names have to be in the store. */
  prepare({ hash, block, cl }: ReadBlock): PreparedBlock {
    const inputs = cl.inputsOf(block);
    return {
      payload: { blockHash: hash, block, inputs: { ...inputs, deposits: new KeptDeposits(inputs.deposits) } },
      cl,
      violations: cl.violationsOf(block),
      stored: this.#storedSends(cl, block, hash),
    };
  }

  /** The shard's genesis block on a root block: the configuration makes it, whatever the old database has. */
  prepareGenesis(rootHash: Hash32, rootHeader: RootBlockHeader): PreparedBlock {
    const { config, fullShardId, view } = this.#options;
    const block = genesisBlockOf(config, fullShardId, rootHeader);
    const inputs = {
      deposits: [],
      exhaustedCursor: block.meta.xshardCursor,
      senderDisallowMap: NO_STAKES,
      reachableShards: NO_SHARDS,
      blockReward: block.header.coinbaseAmounts,
    };
    return {
      payload: { blockHash: minorHeaderHash(block.header), block, inputs },
      cl: view.clFor(rootHash),
      violations: [],
      stored: [],
    };
  }

  /** The block as executed; undefined where something is wrong with it or with the answer: see the verdict. */
  judge(prepared: PreparedBlock, answer: ExecutionAnswer): { verdict: BlockVerdict; executed?: ExecutedBlock } {
    const { payload, cl, violations, stored } = prepared;
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
      ? { verdict, executed: { hash, block, consumed, sends } }
      : { verdict };
  }

  /** Deposits that a stored block of this shard consumes. */
  consumedBy(hash: Hash32): { readonly block: MinorBlock; readonly consumed: readonly CrossShardDeposit[] } {
    const { block, cl } = this.#options.view.read(hash);
    if (block.header.height === 0) return { block, consumed: [] };
    return { block, consumed: consumedUpTo(block, cl.inputsOf(block).deposits) };
  }

  /** The lists that the old database holds at every destination that it has. */
  #storedSends(cl: ShardCl, block: MinorBlock, hash: Hash32): StoredSends[] {
    const { source } = this.#options;
    const stored: StoredSends[] = [];
    for (const [destination] of cl.sendsOf(block, [])) {
      if (!source.fullShardIds.includes(destination)) continue;
      const receiver = source.shard(destination);
      const list = receiver.depositList(hash);
      if (list === undefined) {
        throw new DatabaseDamagedError(
          `missing row in ${receiver.name}: it has no list of what block ${toHex(hash)} of shard ` +
            `${block.header.branch} sent to it`,
          { key: receiver.depositListKey(hash) },
        );
      }
      stored.push({ fullShardId: destination, deposits: list.deposits });
    }
    return stored;
  }
}
