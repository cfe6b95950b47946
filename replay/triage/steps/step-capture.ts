import { wholeGas } from "../../../node/el/evm/gas-count.ts";
import type { Creation, Message } from "../../../node/el/evm/message.ts";
import type { ExecutionUnit, TraceStep } from "../../../node/el/evm/tracer.ts";
import type { BlockEvent, Effect, EventListener } from "./block-events.ts";

const SELFDESTRUCT = 0xff;
/** Steps shown before and after the one that is looked for. */
export const AROUND = 8;

export interface CapturedStep {
  /** Among all steps of the block. */
  readonly place: number;
  /** Without its memory, which is gone. */
  readonly step: TraceStep;
  /** What it cost, gas handed to a message included; undefined until known. */
  cost: bigint | undefined;
}

/** A message that was not left yet. */
export interface OpenFrame {
  readonly message: Message | Creation;
  /** The step that asked for it; undefined for an outermost one. */
  readonly asker: CapturedStep | undefined;
  /** Steps before the asker's next. */
  readonly before: readonly CapturedStep[];
  last: CapturedStep | undefined;
}

/** A SELFDESTRUCT, whose effect is seen when the unit or the block ends. */
interface Destroyer {
  readonly step: CapturedStep;
  readonly frames: readonly OpenFrame[];
}

/** One side of a comparison where it parts from the other. */
export interface Parting {
  /** Undefined behind the last event. */
  readonly event: BlockEvent | undefined;
  /** Memory of a step. */
  readonly memory: Uint8Array;
  readonly effects: readonly Effect[];
  readonly unit: ExecutionUnit | undefined;
  /** The instruction whose result is the event; undefined where none is: a unit or its first message begins or ends. */
  readonly culprit: CapturedStep | undefined;
  readonly frames: readonly OpenFrame[];
  /** Steps in the block's order, the culprit among them. */
  readonly steps: readonly CapturedStep[];
  /** The first of them that is not before the event; undefined where the unit has none. */
  readonly next: CapturedStep | undefined;
  /** Of the unit, up to the event. */
  readonly destroyers: readonly Destroyer[];
}

/** Keeps what surrounds one event of an execution and forgets the rest. */
export class StepCapture implements EventListener {
  readonly #target: number;
  #place = 0;
  #effects: Effect[] = [];
  #unit: ExecutionUnit | undefined;
  #frames: OpenFrame[] = [];
  #recent: CapturedStep[] = [];
  #following: CapturedStep[] = [];
  #found: Omit<Parting, "steps" | "next"> | undefined;
  #destroyers: Destroyer[] = [];
  #before: readonly CapturedStep[] = [];
  /** Since the event: what other units do is none of its surroundings. */
  #isUnitOver = false;

  /** `target`: the event's place. */
  constructor(target: number) {
    this.#target = target;
  }

  event(event: BlockEvent): void {
    if (this.#found !== undefined && this.#following.length > AROUND) return;
    this.#settle(event);
    if (this.#place === this.#target) this.#keep(event);
    this.#place++;
    this.#effects = [];
    this.#follow(event);
  }

  effect(effect: Effect): void {
    if (this.#found === undefined) this.#effects.push(effect);
  }

  /** To be called when the execution is over. */
  parting(): Parting {
    if (this.#found === undefined) this.#keep(undefined);
    const found = this.#found as Omit<Parting, "steps" | "next">;
    const following = this.#following.slice(0, AROUND);
    return { ...found, steps: [...this.#before, ...following], next: following.at(0) };
  }

  #keep(event: BlockEvent | undefined): void {
    const { culprit, before } = this.#culpritOf(event);
    this.#before = before;
    this.#found = {
      event,
      memory: event?.kind === "step" ? event.step.memory.slice() : new Uint8Array(0),
      effects: this.#effects,
      unit: event?.kind === "enterUnit" ? event.unit : this.#unit,
      culprit,
      frames: this.#frames.map((frame) => ({ ...frame })),
      destroyers: this.#destroyers,
    };
  }

  /** A step follows from the one before it in its frame, the first of a frame from the one that asked for the frame. */
  #culpritOf(event: BlockEvent | undefined): {
    culprit: CapturedStep | undefined;
    before: readonly CapturedStep[];
  } {
    const frame = this.#frames.at(-1);
    if (event?.kind === "enterUnit" || event?.kind === "leaveUnit" || frame === undefined) {
      return { culprit: undefined, before: this.#recent.slice(-AROUND) };
    }
    const culprit = frame.last ?? frame.asker;
    if (culprit === undefined) return { culprit, before: this.#recent.slice(-AROUND) };
    const at = this.#recent.indexOf(culprit);
    const before = at >= 0 ? this.#recent.slice(Math.max(0, at - AROUND)) : [...frame.before, culprit];
    return { culprit, before };
  }

  #settle(event: BlockEvent): void {
    const last = this.#frames.at(-1)?.last;
    if (last === undefined || last.cost !== undefined) return;
    const left = gasLeftAt(event);
    if (left !== undefined) last.cost = wholeGas(last.step.gas, last.step.gasReserve) - left;
  }

  #follow(event: BlockEvent): void {
    switch (event.kind) {
      case "enterUnit":
        this.#unit = event.unit;
        this.#frames = [];
        this.#recent = [];
        this.#destroyers = [];
        return;
      case "leaveUnit":
        this.#unit = undefined;
        this.#isUnitOver = this.#found !== undefined;
        return;
      case "enterMessage": {
        const asker = this.#frames.at(-1)?.last;
        const before = asker === undefined ? [] : this.#recent.slice(-AROUND - 1, -1);
        this.#frames.push({ message: event.message, asker, before, last: undefined });
        return;
      }
      case "leaveMessage":
        this.#frames.pop();
        return;
      case "step":
        this.#remember({ place: event.place, step: event.step, cost: undefined });
    }
  }

  #remember(step: CapturedStep): void {
    const frame = this.#frames.at(-1);
    if (frame !== undefined) frame.last = step;
    if (this.#found !== undefined) {
      if (!this.#isUnitOver) this.#following.push(step);
      return;
    }
    if (step.step.opcode === SELFDESTRUCT)
      this.#destroyers.push({ step, frames: this.#frames.map((frame) => ({ ...frame })) });
    this.#recent.push(step);
    if (this.#recent.length > 4 * AROUND) this.#recent = this.#recent.slice(-2 * AROUND);
  }
}

/** What the instruction before an event left of its gas; undefined where the event does not tell. */
function gasLeftAt(event: BlockEvent): bigint | undefined {
  switch (event.kind) {
    case "step":
      return wholeGas(event.step.gas, event.step.gasReserve);
    case "enterMessage":
      return event.callerGas;
    case "leaveMessage":
      return wholeGas(event.result.gasLeft, event.result.gasReserve);
    default:
      return undefined;
  }
}
