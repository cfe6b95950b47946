import type { Log } from "../chain/receipt.ts";
import type { Address, Hash32 } from "../codec/bytes.ts";
import type { ExecutionUnit } from "../el/evm/tracer.ts";
import type { TraceLine } from "../el/tracing/eip3155-writer.ts";
import type { EngineApi, QkcPayload } from "./engine-api.ts";

/** An engine that lets its callers look closer at a block. It lists the capabilities when it does. */
export interface TracingEngine extends EngineApi {
  /**
   * Executes a block on its stored parent and tells what it does, instruction by instruction; nothing is stored
   * (qkc_debugTraceBlockV1). Throws EngineError, answerTooLarge among others: an answer is whole or there is none.
   */
  traceBlock(payload: QkcPayload, options?: TraceOptions): Promise<BlockTrace>;
  /** What a block uses of the state that it is executed on; nothing is stored (qkc_debugPreStateV1). */
  preState(payload: QkcPayload, options?: DebugOptions): Promise<PreState>;
}

export interface DebugOptions {
  /** Longest answer that is wanted; absent: the longest that the engine gives. */
  readonly limitBytes?: number;
}

export type UnitPlace = Pick<ExecutionUnit, "kind" | "index">;

export interface TraceOptions extends DebugOptions {
  /** Tells of this unit alone; absent: of the whole block. */
  readonly unit?: UnitPlace;
}

export interface BlockTrace {
  /** In order of execution; where the block cannot be executed, up to the unit that makes it so. */
  readonly units: readonly UnitTrace[];
  /** Why it cannot be executed. */
  readonly rejection: { readonly transactionIndex: number | null; readonly reason: string } | null;
}

export interface UnitTrace extends UnitPlace {
  /** Of the transaction or of the deposit's transaction; null for the reward. */
  readonly hash: Hash32 | null;
  readonly steps: readonly TraceLine[];
  /** Return or revert data of its outermost message. */
  readonly output: Uint8Array;
  /** Null for the unit that makes the block invalid. */
  readonly outcome: UnitTraceOutcome | null;
}

export interface UnitTraceOutcome {
  readonly success: boolean;
  readonly gasUsed: bigint;
  /** Why its outermost message failed, for people. */
  readonly error: string | null;
  readonly logs: readonly Log[];
}

export interface PreState {
  /** Those that the block uses in any way, in the order in which it does. */
  readonly accounts: readonly PreStateAccount[];
}

/** An account before the block, entries that the block uses alone; absent ones have zeros. */
export interface PreStateAccount {
  readonly address: Address;
  readonly exists: boolean;
  readonly nonce: bigint;
  readonly fullShardKey: number;
  /** By token id. */
  readonly balances: ReadonlyMap<bigint, bigint>;
  readonly codeHash: Hash32;
  /** Null where the block does not use it. */
  readonly code: Uint8Array | null;
  /** By slot. */
  readonly storage: ReadonlyMap<bigint, bigint>;
}

export function isTracing(engine: EngineApi): engine is TracingEngine {
  return "traceBlock" in engine && "preState" in engine;
}
