import { wholeGas } from "../evm/gas-count.ts";
import type { MessageResult } from "../evm/message.ts";
import type { BlockObserver, ExecutionUnit, Tracer, TraceStep, UnitOutcome } from "../evm/tracer.ts";
import type { EvmState } from "../state/evm-state.ts";
import type { WorldState } from "../state/world-state.ts";

/** An instruction with what it came to. */
export interface TracedStep extends Omit<TraceStep, "memory" | "gas" | "gasReserve"> {
  /** Before it, all that there is. */
  readonly gas: bigint;
  /** Bytes of memory before it. */
  readonly memorySize: number;
  /** The memory before it, where it is kept. */
  readonly memory?: Uint8Array;
  /** Refund counter before it. */
  readonly refund: bigint;
  /**
   * What it took: for a call or creation with what it handed on, for one that fails all that there was, for the last of a
   * creation with the price of the code.
   */
  readonly cost: bigint;
  /** Why the frame failed at it. */
  readonly error: string | undefined;
}

/** What is made of a trace while it is made. */
export interface TraceWriter {
  unitBegins(unit: ExecutionUnit): void;
  step(step: TracedStep): void;
  /** `outcome` is undefined for a unit that makes its block invalid; `failure` is its last outermost message's. */
  unitEnds(unit: ExecutionUnit, outcome: UnitOutcome | undefined, output: Uint8Array, failure?: string): void;
}

type UnitChoice = (unit: ExecutionUnit) => boolean;

interface UnitTracerOptions {
  /** Copies the memory for each step. */
  readonly keepsMemory?: boolean;
}

/** Follows the chosen units of a block's execution, holding no more than one step. */
export class UnitTracer implements BlockObserver {
  readonly tracer: Tracer;
  readonly #writer: TraceWriter;
  readonly #isChosen: UnitChoice;
  readonly #keepsMemory: boolean;
  #state: WorldState | undefined;
  #unit: ExecutionUnit | undefined;
  #pending: Omit<TracedStep, "cost" | "error"> | undefined;
  #output: Uint8Array = new Uint8Array(0);
  #failure: string | undefined;
  #chosen = 0;

  constructor(writer: TraceWriter, isChosen: UnitChoice, { keepsMemory = false }: UnitTracerOptions = {}) {
    this.#writer = writer;
    this.#isChosen = isChosen;
    this.#keepsMemory = keepsMemory;
    this.tracer = {
      enterMessage: (_, callerGas, callerReserve) =>
        this.#settle(callerGas === undefined ? undefined : wholeGas(callerGas, callerReserve)),
      leaveMessage: (result) => this.#leaveMessage(result),
      step: (step) => this.#step(step),
    };
  }

  wrapState(state: WorldState): EvmState {
    this.#state = state;
    return state;
  }

  enterUnit(unit: ExecutionUnit): void {
    if (!this.#isChosen(unit)) return;
    this.#unit = unit;
    this.#chosen++;
    this.#output = new Uint8Array(0);
    this.#failure = undefined;
    this.#writer.unitBegins(unit);
  }

  leaveUnit(unit: ExecutionUnit, outcome: UnitOutcome): void {
    if (this.#unit === undefined) return;
    this.#writer.unitEnds(unit, outcome, this.#output, this.#failure);
    this.#unit = undefined;
  }

  /** To be called when the execution is over: ends a unit that was never left. Answers how many were chosen. */
  finish(): number {
    if (this.#unit !== undefined) {
      this.#settle(undefined, "the block is invalid");
      this.#writer.unitEnds(this.#unit, undefined, this.#output);
    }
    return this.#chosen;
  }

  #leaveMessage({ success, gasLeft, gasReserve, output, failure }: MessageResult): void {
    this.#settle(wholeGas(gasLeft, gasReserve), success ? undefined : failure);
    this.#output = output;
    this.#failure = success ? undefined : failure;
  }

  #step(step: TraceStep): void {
    if (this.#unit === undefined) return;
    const { memory, gasReserve, ...rest } = step;
    const gas = wholeGas(step.gas, gasReserve);
    this.#settle(gas);
    this.#pending = {
      ...rest,
      gas,
      memorySize: memory.length,
      memory: this.#keepsMemory ? memory.slice() : undefined,
      refund: this.#state?.refund ?? 0n,
    };
  }

  /** The step before is over. */
  #settle(gasLeft: bigint | undefined, error?: string): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#writer.step({ ...pending, cost: pending.gas - (gasLeft ?? 0n), error });
  }
}
