import type { Receipt } from "../../chain/receipt.ts";
import type { Address, Hash32 } from "../../codec/bytes.ts";
import type { EvmState } from "../state/evm-state.ts";
import type { WorldState } from "../state/world-state.ts";
import type { Creation, Message, MessageResult } from "./message.ts";

/** A frame at one instruction. Memory is a view: valid during the call only. */
export interface TraceStep {
  readonly pc: number;
  readonly opcode: number;
  /** Before the instruction is charged; at most about 2^52, see countGas. */
  readonly gas: number;
  /** Gas that `gas` does not hold; absent: none. */
  readonly gasReserve?: bigint;
  readonly depth: number;
  /** Account in whose name the code runs. */
  readonly address: Address;
  readonly code: Uint8Array;
  /** Bottom first. A copy: it may be kept. */
  readonly stack: readonly bigint[];
  readonly memory: Uint8Array;
  readonly returnData: Uint8Array;
}

/** Listens to one execution; absent, tracing costs nothing. */
export interface Tracer {
  /**
   * `callerGas`: what the frame that asks for it has left without it, apart from `callerReserve`; undefined for an outermost
   * message.
   */
  enterMessage(message: Message | Creation, callerGas: number | undefined, callerReserve?: bigint): void;
  /** Before each instruction; absent, instructions run at their full speed. */
  step?(step: TraceStep): void;
  leaveMessage(result: MessageResult): void;
}

/** What a block's execution consists of, in its order: deposits, transactions, then what the block itself pays. */
export interface ExecutionUnit {
  readonly kind: "deposit" | "transaction" | "reward";
  /** Among those of its kind. */
  readonly index: number;
  /** Of the transaction or of the deposit's transaction; undefined for the reward. */
  readonly hash: Hash32 | undefined;
}

/** How a unit ended. */
export interface UnitOutcome {
  /** Absent where the unit leaves none. */
  readonly receipt: Receipt | undefined;
  readonly gasUsed: bigint;
  /** What the block's miner gets for it of its fee, by token id; the block reward is none. */
  readonly minerFees: ReadonlyMap<bigint, bigint>;
}

/** Listens to a block's execution unit by unit, and may look at or stand before the state that it runs on. */
export interface BlockObserver {
  readonly tracer?: Tracer;
  /** Puts something before the block's state, which is not committed before the last unit is left. */
  wrapState?(state: WorldState): EvmState;
  enterUnit(unit: ExecutionUnit): void;
  /** Not called for a unit that makes the block invalid. */
  leaveUnit(unit: ExecutionUnit, outcome: UnitOutcome): void;
}
