import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { Hash32 } from "../../node/codec/bytes.ts";
import type { BlockObserver } from "../../node/el/evm/tracer.ts";
import type { ExecutionPayload } from "../../node/el/payload.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import type { NewPayloadResult } from "../../node/engine/engine-client.ts";

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
  /** Its deposits can be iterated any number of times. */
  readonly payload: ExecutionPayload;
  /** Rows of the archive, with a layer in memory for what executions produce. */
  readonly nodes: NodeStore;
  /** Whether the archive holds the state that the block declares. */
  readonly hasDeclaredState: boolean;
}
