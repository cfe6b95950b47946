import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { bytesKey, type Hash32 } from "../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { BlockObserver } from "../../node/el/evm/tracer.ts";
import { KeptDeposits } from "../../node/el/kept-deposits.ts";
import type { ExecutionPayload } from "../../node/el/payload.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import { KeptTransaction } from "../../node/el/transactions/kept-transaction.ts";
import { compareDeclared } from "../../node/engine/compare-block.ts";
import type { ShardRig } from "./shard-rig.ts";

/** One way to execute blocks: a rule set of ours, or whatever is under test. It is asked again and again for one block. */
export interface Executor {
  /** As a report names it, for example a rule set's name. */
  readonly name: string;
  /**
   * Runs the payload over `nodes`, into which everything it produces goes as well: states of both sides of a
   * comparison can be read from there.
   */
  execute(payload: ExecutionPayload, nodes: NodeStore, observer?: BlockObserver): NewPayloadResult;
}

/** One block that is looked at closely: everything that it takes to execute it as often as needed. */
export interface BlockTrial {
  readonly fullShardId: number;
  readonly height: number;
  readonly hash: Hash32;
  /** With what it declares. */
  readonly block: MinorBlock;
  /** Its deposits can be iterated any number of times; its transactions keep what was found out about them. */
  readonly payload: ExecutionPayload;
  /** Rows of the archive, with a layer in memory for what executions produce. */
  readonly nodes: NodeStore;
  /** Whether the archive holds the state that the block declares. */
  readonly hasDeclaredState: boolean;
}

/** A block of a shard that is set up already. Throws DatabaseDamagedError for what the consensus side cannot read. */
export function trialOf(rig: ShardRig, block: MinorBlock, parentStateRoot: Hash32): BlockTrial {
  const payload = rig.cl.payloadOf(block, parentStateRoot);
  return {
    fullShardId: block.header.branch,
    height: block.header.height,
    hash: minorHeaderHash(block.header),
    block,
    payload: {
      ...payload,
      deposits: new KeptDeposits(payload.deposits),
      transactions: payload.transactions.map((typed) => new KeptTransaction(typed)),
    },
    nodes: new NodeOverlay(rig.nodes),
    hasDeclaredState: rig.source.rows.has(block.meta.stateRoot),
  };
}

/** Whether an execution matches what the block declares. What it sent to other shards, no block declares. */
export function matchesDeclared({ block }: BlockTrial, outcome: NewPayloadResult): boolean {
  return outcome.status === "EXECUTED" && compareDeclared(block, outcome.computed).length === 0;
}

/** Rows produced here are kept here: what a trial writes is neither compared with the archive nor seen by the check. */
class NodeOverlay implements NodeStore {
  readonly #below: Pick<NodeStore, "get">;
  readonly #produced = new Map<string, Uint8Array>();

  constructor(below: Pick<NodeStore, "get">) {
    this.#below = below;
  }

  get(hash: Hash32): Uint8Array {
    return this.#produced.get(bytesKey(hash)) ?? this.#below.get(hash);
  }

  put(hash: Hash32, value: Uint8Array): void {
    this.#produced.set(bytesKey(hash), value);
  }
}
