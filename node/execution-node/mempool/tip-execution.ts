import { type Address, type Hash32, ZERO_ADDRESS } from "../../codec/bytes.ts";
import type { BlockContext } from "../../el/evm/context.ts";
import type { ExecutionConfig } from "../../el/execution-config.ts";
import type { NodeStore } from "../../el/state/node-store.ts";
import { WorldState } from "../../el/state/world-state.ts";
import { type BlockExecution, nothingExecuted } from "../../el/transactions/block-execution.ts";

/** Gas limit of a state that no block left (pyquarkchain evm/state.py STATE_DEFAULTS). */
const BARE_GAS_LIMIT = 3_141_592n;

/** The state that calls and the pool see at the tip, in the two shapes that shard_state.py evm_state has. */
export type TipShape =
  /** As the tip's execution left it. `gasLimit`: less by what deposits left of theirs. */
  | { readonly kind: "executed"; readonly stateRoot: Hash32; readonly gasLimit: bigint }
  /** After a start, or a reset of the tip by a root block. `timestamp` in seconds; 0 for the genesis block. */
  | { readonly kind: "bare"; readonly stateRoot: Hash32; readonly timestamp: number };

/** What a call or an admission needs of the chain's moment: one object, read once. */
export interface TipGround {
  readonly config: ExecutionConfig;
  readonly nodes: NodeStore;
  readonly shape: TipShape;
  readonly header: {
    readonly height: number;
    /** Seconds since 1970. */
    readonly createTime: number;
    readonly difficulty: bigint;
    readonly coinbaseAddress: { readonly recipient: Address };
  };
  /** Hash of the tip for 1, of its parent for 2. BLOCKHASH at the tip's own number is one off. */
  readonly ancestorHash: BlockContext["ancestorHash"];
  /** Stake locked up to the tip, see ConsensusInputs. */
  readonly senderDisallowMap: ReadonlyMap<string, bigint>;
  /** At the root tip. */
  readonly reachableShards: ReadonlySet<number>;
  /** Highest start gas of a cross-shard transaction: the configured one. */
  readonly xshardGasLimit: bigint;
}

/** An execution on the tip's state that nobody keeps, with no gas used yet. */
export function beginOnTip(ground: TipGround): BlockExecution {
  const { config, nodes, shape, reachableShards, xshardGasLimit } = ground;
  const gasLimit = shape.kind === "executed" ? shape.gasLimit : BARE_GAS_LIMIT;
  return {
    config,
    block: blockOf(ground),
    state: new WorldState(nodes, shape.stateRoot, undefined, config.chain.rules),
    xshardGasLimit,
    reachableShards,
    headerGasLimit: gasLimit,
    gasLimit,
    ...nothingExecuted(),
  };
}

function blockOf({ shape, header, ancestorHash, senderDisallowMap }: TipGround): BlockContext {
  if (shape.kind === "bare") {
    const { timestamp } = shape;
    return { coinbase: ZERO_ADDRESS, timestamp, number: 0, difficulty: 1n, ancestorHash, senderDisallowMap };
  }
  return {
    coinbase: header.coinbaseAddress.recipient,
    timestamp: header.createTime,
    number: header.height,
    difficulty: header.difficulty,
    ancestorHash,
    senderDisallowMap,
  };
}
