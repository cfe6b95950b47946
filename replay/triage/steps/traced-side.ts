import { type Address, EMPTY_BYTES, ZERO_ADDRESS } from "../../../node/codec/bytes.ts";
import { countGas } from "../../../node/el/evm/gas-count.ts";
import type { Message } from "../../../node/el/evm/message.ts";
import type { TraceLine } from "../../../node/el/tracing/eip3155-writer.ts";
import type { BlockEvent } from "./block-events.ts";
import type { ExternalUnit } from "./external-trace.ts";
import { AROUND, type CapturedStep, type Parting, StepCapture } from "./step-capture.ts";
import type { RunningCode, TraceParting } from "./trace-comparison.ts";

/** A trace tells of no message more than that its code runs. */
const UNTOLD_MESSAGE: Message = {
  sender: ZERO_ADDRESS,
  to: ZERO_ADDRESS,
  codeAddress: ZERO_ADDRESS,
  value: 0n,
  transferTokenId: 0n,
  gas: 0,
  data: EMPTY_BYTES,
  depth: 0,
  transfersValue: false,
  isStatic: false,
  toFullShardKey: undefined,
};
const UNTOLD_CODE: RunningCode = { address: EMPTY_BYTES as Address, code: EMPTY_BYTES };

/** The side of a parting that only a trace tells of. */
export function tracedParting(parting: TraceParting): Parting {
  const { traced, stepsBefore } = parting;
  if (traced === undefined) return new StepCapture(0).parting();
  const { events, target } = new TracedEvents(parting, traced);
  const capture = new StepCapture(target);
  for (const event of events) capture.event(event);
  const side = capture.parting();
  // What the trace says of costs counts, not what would follow from its gas.
  const told = (step: CapturedStep) => {
    step.cost = traced.steps[step.place - stepsBefore].cost ?? step.cost;
  };
  for (const step of [...side.steps, ...side.destroyers.map((one) => one.step)]) told(step);
  if (side.culprit !== undefined) told(side.culprit);
  if (side.next !== undefined) told(side.next);
  return side;
}

/** A unit's trace as the events that it would have been had we executed it. */
class TracedEvents {
  readonly events: BlockEvent[] = [];
  /** The event at which the trace parts from our execution. */
  target = 0;
  readonly #parting: TraceParting;
  #depth = -1;
  readonly #leftAt: number[] = [];
  #last: TraceLine | undefined;

  constructor(parting: TraceParting, { steps }: ExternalUnit) {
    const { unit, alike, depth } = parting;
    this.#parting = parting;
    this.events.push({ kind: "enterUnit", unit });
    for (const [index, line] of steps.slice(0, alike + AROUND + 2).entries()) {
      const entered = this.#frameOf(index, line);
      if (index === alike) this.target = line.depth >= depth ? entered : this.#leftAt[depth];
      this.#step(index, line);
    }
    if (alike < steps.length) return;
    while (this.#depth >= 0) this.#leave();
    this.target = depth >= 0 ? this.#leftAt[depth] : this.events.length;
    this.events.push({ kind: "leaveUnit", unit, outcome: { receipt: undefined, gasUsed: 0n, minerFees: new Map() } });
  }

  /** Answers with the place of the event at which the step begins: that of its message, where it is the first of one. */
  #frameOf(index: number, line: TraceLine): number {
    const innermost = this.#parting.outermost.has(index) ? -1 : line.depth;
    while (this.#depth > innermost) this.#leave();
    // A precompile can call as well, and has no steps: a depth may be left out.
    const place = this.events.length;
    while (this.#depth < line.depth) this.#enter();
    return place;
  }

  #enter(): void {
    const last = this.#last;
    const callerGas = this.#depth < 0 || last?.cost === undefined ? undefined : last.gas - last.cost;
    this.#depth++;
    this.events.push({ kind: "enterMessage", message: { ...UNTOLD_MESSAGE, depth: this.#depth }, callerGas });
  }

  #leave(): void {
    const last = this.#last;
    const { gas: gasLeft, gasReserve } = countGas(last === undefined ? 0n : last.gas - (last.cost ?? 0n));
    this.#leftAt[this.#depth] = this.events.length;
    this.events.push({ kind: "leaveMessage", result: { success: true, gasLeft, gasReserve, output: EMPTY_BYTES } });
    this.#depth--;
  }

  #step(index: number, line: TraceLine): void {
    const { codes, stepsBefore } = this.#parting;
    const { pc, opcode, depth, stack } = line;
    const untold = { memory: EMPTY_BYTES, returnData: EMPTY_BYTES };
    const step = { pc, opcode, ...countGas(line.gas), depth, stack, ...(codes[index] ?? UNTOLD_CODE), ...untold };
    this.events.push({ kind: "step", step, place: stepsBefore + index });
    this.#last = line;
  }
}
