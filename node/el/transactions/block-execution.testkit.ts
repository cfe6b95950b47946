import { addressFromHex } from "../../codec/bytes.ts";
import type { BlockContext } from "../evm/context.ts";
import type { ExecutionConfig } from "../execution-config.ts";
import { WorldState } from "../state/world-state.ts";
import { MemoryNodeStore } from "../trie/trie.testkit.ts";
import { type BlockExecution, nothingExecuted } from "./block-execution.ts";
import { type Allocation, allocate, networkConfig } from "./vectors.testkit.ts";

export const COINBASE = addressFromHex("cccc0000000000000000000000000000000000cc");

export interface BlockOptions {
  /** Devnet when absent. */
  readonly config?: ExecutionConfig;
  readonly block?: Partial<BlockContext>;
  readonly allocation?: Allocation;
  readonly gasLimit?: bigint;
  readonly gasUsed?: bigint;
}

/** A block of shard 1 that has just begun, on a state with the given accounts. */
export function beginExecution(options: BlockOptions): { execution: BlockExecution; state: WorldState } {
  const store = new MemoryNodeStore();
  const state = new WorldState(store, allocate(store, options.allocation ?? {}));
  const execution: BlockExecution = {
    config: options.config ?? networkConfig("devnet"),
    block: {
      coinbase: COINBASE,
      timestamp: 1,
      number: 1,
      difficulty: 1n,
      ancestorHash: () => undefined,
      senderDisallowMap: new Map(),
      ...options.block,
    },
    state,
    xshardGasLimit: 6_000_000n,
    reachableShards: new Set([65537]),
    headerGasLimit: options.gasLimit ?? 12_000_000n,
    gasLimit: options.gasLimit ?? 12_000_000n,
    ...nothingExecuted(),
    gasUsed: options.gasUsed ?? 0n,
  };
  return { execution, state };
}
