import type { Creation, Message, MessageResult } from "./message.ts";

/** A frame at one instruction. Its arrays are views: valid during the call only. */
export interface TraceStep {
  readonly pc: number;
  readonly opcode: number;
  /** Before the instruction is charged; at most about 2^52, see countGas. */
  readonly gas: number;
  readonly depth: number;
  /** Bottom first. */
  readonly stack: readonly bigint[];
  readonly memory: Uint8Array;
  readonly returnData: Uint8Array;
}

/** Listens to one execution; absent, tracing costs nothing. */
export interface Tracer {
  enterMessage(message: Message | Creation): void;
  step(step: TraceStep): void;
  leaveMessage(result: MessageResult): void;
}
