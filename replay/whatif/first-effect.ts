import { wholeGas } from "../../node/el/evm/gas-count.ts";
import type { MessageResult } from "../../node/el/evm/message.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import type { Tracer, TraceStep } from "../../node/el/evm/tracer.ts";
import { grouped } from "../text/grouped.ts";
import type { Unit, UnitRun, UnitRuns } from "./unit-runs.ts";

/** Events kept of one execution. */
const MAX_EVENTS = 400_000;

/** What rules change first in a unit, in one sentence. */
export function firstEffect(runs: Pick<UnitRuns, "run">, unit: Unit, reference: Rules, tested: Rules): string {
  const [before, after] = [new EventLog(), new EventLog()];
  const runBefore = runs.run(unit, reference, before);
  const runAfter = runs.run(unit, tested, after);
  if (runAfter.refused !== undefined) return runAfter.refused;
  const parting = partingOf(before.events, after.events);
  if (parting === undefined && before.isFull) {
    return `what it changes lies behind the first ${grouped(MAX_EVENTS)} instructions`;
  }
  if (parting === undefined) return settlementText(runBefore, runAfter);
  const name = (opcode: number) =>
    tested.table.names[opcode] ?? reference.table.names[opcode] ?? `0x${opcode.toString(16)}`;
  const last = before.events.slice(0, parting).findLast((event) => event.kind === "step");
  const place = last === undefined ? "the message" : `${name(last.opcode)} at pc 0x${last.pc.toString(16)}`;
  return partingText(place, last, before.events.at(parting), after.events.at(parting));
}

interface Step {
  readonly kind: "step";
  readonly pc: number;
  readonly opcode: number;
  readonly gas: bigint;
  readonly depth: number;
}

/** The end of a message. */
interface End {
  readonly kind: "end";
  readonly success: boolean;
  readonly gas: bigint;
}

type Event = Step | End;

class EventLog implements Tracer {
  readonly events: Event[] = [];

  get isFull(): boolean {
    return this.events.length === MAX_EVENTS;
  }

  enterMessage(): void {}

  step({ pc, opcode, gas, gasReserve, depth }: TraceStep): void {
    this.#add({ kind: "step", pc, opcode, gas: wholeGas(gas, gasReserve), depth });
  }

  leaveMessage({ success, gasLeft, gasReserve }: MessageResult): void {
    this.#add({ kind: "end", success, gas: wholeGas(gasLeft, gasReserve) });
  }

  #add(event: Event): void {
    if (!this.isFull) this.events.push(event);
  }
}

/** Index of the first event that differs; undefined where all are alike. */
function partingOf(before: readonly Event[], after: readonly Event[]): number | undefined {
  const common = Math.min(before.length, after.length);
  for (let i = 0; i < common; i++) if (!alike(before[i], after[i])) return i;
  return before.length === after.length ? undefined : common;
}

function alike(a: Event, b: Event): boolean {
  if (a.gas !== b.gas) return false;
  if (a.kind === "end") return b.kind === "end" && a.success === b.success;
  return b.kind === "step" && a.pc === b.pc && a.opcode === b.opcode && a.depth === b.depth;
}

/** @param last the step before the events that differ; undefined: there is none */
function partingText(place: string, last: Step | undefined, a: Event | undefined, b: Event | undefined): string {
  if (a === undefined || b === undefined) return `${place} is the last that both do`;
  const [gasBefore, gasAfter] = [grouped(a.gas), grouped(b.gas)];
  if (a.kind === "end" || b.kind === "end") {
    if (endText(a) !== endText(b)) return `${place} ${endText(b)}, formerly it ${endText(a)}`;
    const after = last === undefined ? "" : ` after ${place}`;
    return `the message ends${after} with ${gasAfter} gas left instead of ${gasBefore}`;
  }
  if (last === undefined) return `the first instruction has ${gasAfter} gas instead of ${gasBefore}`;
  if (a.gas === b.gas) return `${place} leads to pc 0x${b.pc.toString(16)} instead of 0x${a.pc.toString(16)}`;
  if (a.depth === last.depth && b.depth === last.depth) {
    return `${place} costs ${grouped(last.gas - b.gas)} instead of ${grouped(last.gas - a.gas)}`;
  }
  return `after ${place} there is ${gasAfter} gas instead of ${gasBefore}`;
}

function endText(event: Event): string {
  return event.kind === "step" ? "goes on" : event.success ? "ends its frame" : "makes its frame fail";
}

function settlementText(before: UnitRun, after: UnitRun): string {
  const [a, b] = [before.gasUsed, after.gasUsed];
  if (a === b) return "every instruction costs the same: what one of them does differs";
  return `every instruction costs the same: settled at ${grouped(b)} gas instead of ${grouped(a)}`;
}
