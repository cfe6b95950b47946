import type { Log } from "../../../node/chain/receipt.ts";
import { type Address, bytesEqual } from "../../../node/codec/bytes.ts";
import { wholeGas } from "../../../node/el/evm/gas-count.ts";
import type { MessageResult } from "../../../node/el/evm/message.ts";
import { isInstruction } from "../../../node/el/evm/opcode-name.ts";
import type { BlockObserver, ExecutionUnit, TraceStep, UnitOutcome } from "../../../node/el/evm/tracer.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import type { TraceLine } from "../../../node/el/tracing/eip3155-writer.ts";
import { type BlockEvent, BlockEvents, type EventListener } from "./block-events.ts";
import type { ExternalTrace, ExternalUnit } from "./external-trace.ts";

/** Where an execution of ours and the trace of another one part. */
export interface TraceParting {
  readonly unit: ExecutionUnit;
  /** Undefined where the other execution did not come to the unit. */
  readonly traced: ExternalUnit | undefined;
  readonly what: string;
  /** Place of the event at which our execution parts, among all of the block. */
  readonly event: number;
  /** Steps of the unit that are alike. */
  readonly alike: number;
  /** Depth of the frame whose last instruction is to blame; -1 where none is. */
  readonly depth: number;
  /** Steps of the block before the unit's. */
  readonly stepsBefore: number;
  /** Of our steps that are alike. */
  readonly codes: readonly RunningCode[];
  /** Of our steps, those that begin an outermost message. */
  readonly outermost: ReadonlySet<number>;
}

/** What a trace does not tell of a step. */
export type RunningCode = Pick<TraceStep, "address" | "code">;

/** The observer of our execution; `finish`, when it is over, answers where they part. */
export function comparisonWith(trace: ExternalTrace): BlockObserver & { finish(): TraceParting | undefined } {
  const comparison = new TraceComparison(trace);
  const events = new BlockEvents(comparison);
  return {
    tracer: events.tracer,
    wrapState: (state) => {
      comparison.state = state;
      return events.wrapState(state);
    },
    enterUnit: (unit) => events.enterUnit(unit),
    leaveUnit: (unit, outcome) => events.leaveUnit(unit, outcome),
    finish: () => comparison.finish(),
  };
}

const STOP = 0x00;
/** What some clients call every byte that is no instruction. */
const INVALID = 0xfe;

class TraceComparison implements EventListener {
  state: WorldState | undefined;
  readonly #trace: ExternalTrace;
  readonly #isMatched = new Set<ExternalUnit>();
  #found: TraceParting | undefined;
  #place = 0;
  #steps = 0;
  #unit: UnitProgress | undefined;

  constructor(trace: ExternalTrace) {
    this.#trace = trace;
  }

  event(event: BlockEvent): void {
    if (this.#found === undefined) this.#compare(event);
    this.#place++;
  }

  finish(): TraceParting | undefined {
    if (this.#found === undefined && this.#unit !== undefined) this.#endOfUnit(this.#unit, undefined);
    const [extra] = this.#trace.isWhole ? this.#trace.units.filter((unit) => !this.#isMatched.has(unit)) : [];
    if (this.#found === undefined && extra !== undefined) {
      const unit = { kind: extra.kind, index: extra.index, hash: extra.hash ?? undefined };
      this.#part(new UnitProgress(unit, extra, this.#steps), "end", -1, this.#place);
    }
    return this.#found;
  }

  #compare(event: BlockEvent): void {
    const unit = this.#unit;
    if (event.kind === "enterUnit") this.#beginOfUnit(event.unit);
    else if (event.kind === "enterMessage") unit?.enter(event.message.depth, event.callerGas, this.#place);
    else if (event.kind === "leaveMessage") unit?.leave(event.result, this.#place);
    else if (event.kind === "step") this.#step(unit, event.step);
    else {
      if (unit !== undefined) this.#endOfUnit(unit, event.outcome);
      this.#unit = undefined;
    }
  }

  #beginOfUnit(unit: ExecutionUnit): void {
    const traced = this.#trace.units.find(({ kind, index }) => kind === unit.kind && index === unit.index);
    if (traced !== undefined) this.#isMatched.add(traced);
    else if (!this.#trace.isWhole) return;
    this.#unit = new UnitProgress(unit, traced, this.#steps);
    if (traced === undefined) this.#part(this.#unit, "end", -1, this.#place);
    else if (traced.hash !== null && unit.hash !== undefined && !bytesEqual(traced.hash, unit.hash)) {
      this.#part(this.#unit, "unit", -1, this.#place);
    }
  }

  #step(unit: UnitProgress | undefined, step: TraceStep): void {
    this.#steps++;
    if (unit === undefined) return;
    const theirs = unit.theirs;
    unit.settle(wholeGas(step.gas, step.gasReserve));
    if (unit.isNewOutermost) unit.outermost.add(unit.alike);
    const endsAlike = step.depth < unit.depth && (theirs?.depth ?? -1) < unit.depth;
    const atEnd = endsAlike ? this.#lastStepDifference(unit) : undefined;
    if (atEnd !== undefined) {
      this.#part(unit, atEnd, unit.depth, unit.leftAt[unit.depth]);
      return;
    }
    const what = theirs?.depth === step.depth ? this.#lineDifference(step, theirs) : "end";
    if (what === undefined) {
      unit.keep(step, theirs as TraceLine);
      return;
    }
    const from = unit.isNewOutermost ? -1 : unit.depth;
    const depth = Math.min(Math.max(step.depth, theirs?.depth ?? -1), from);
    if (step.depth > from) this.#part(unit, what, depth, unit.enteredAt[from + 1]);
    else this.#part(unit, what, depth, step.depth >= depth ? this.#place : unit.leftAt[depth]);
  }

  #endOfUnit(unit: UnitProgress, outcome: UnitOutcome | undefined): void {
    const { traced } = unit;
    if (traced === undefined) return;
    const more = unit.theirs;
    if (more !== undefined) {
      const depth = Math.min(more.depth, unit.depth);
      this.#part(unit, "end", depth, unit.leftAt[depth] ?? this.#place);
      return;
    }
    const atEnd = this.#lastStepDifference(unit);
    if (atEnd !== undefined) this.#part(unit, atEnd, unit.depth, unit.leftAt[unit.depth] ?? this.#place);
    else {
      const what = outcomeDifference(outcome, traced.outcome);
      if (what !== undefined) this.#part(unit, what, -1, this.#place);
    }
  }

  /** Of the last instruction of a frame nothing but its cost and its success tells. */
  #lastStepDifference({ lastTheirs: theirs, last }: UnitProgress): string | undefined {
    if (!this.#trace.isExact || theirs === undefined || last.cost === undefined) return undefined;
    if (last.hasFailed !== (theirs.error !== undefined)) return "result";
    return theirs.cost === undefined || theirs.cost === last.cost ? undefined : "gas";
  }

  #lineDifference(ours: TraceStep, theirs: TraceLine): string | undefined {
    const { isExact } = this.#trace;
    const { memorySize, returnData, refund } = theirs;
    if (ours.pc !== theirs.pc) return "pc";
    if (ours.opcode !== theirs.opcode && !isUnnamed(ours, theirs)) return "opcode";
    if (ours.stack.length !== theirs.stack.length || ours.stack.some((word, i) => word !== theirs.stack[i])) {
      return "stack";
    }
    if (memorySize !== undefined && memorySize !== ours.memory.length) return "memory";
    if (isExact && returnData !== undefined && !bytesEqual(returnData, ours.returnData)) return "returnData";
    if (wholeGas(ours.gas, ours.gasReserve) !== theirs.gas) return "gas";
    return isExact && refund !== undefined && refund !== (this.state?.refund ?? 0n) ? "refund" : undefined;
  }

  #part(unit: UnitProgress, what: string, depth: number, event: number): void {
    const { unit: ours, alike, stepsBefore, codes, outermost } = unit;
    this.#found = { unit: ours, traced: unit.tracedSteps(), what, event, alike, depth, stepsBefore, codes, outermost };
  }
}

/** A unit of which all was alike so far. */
class UnitProgress {
  readonly unit: ExecutionUnit;
  readonly traced: ExternalUnit | undefined;
  readonly stepsBefore: number;
  readonly codes: RunningCode[] = [];
  readonly outermost = new Set<number>();
  /** Place of the event that left the last frame at a depth. */
  readonly leftAt: number[] = [];
  /** Of the last step; -1 before the first. */
  depth = -1;
  /** What the last step came to; no cost before that is known. */
  last: { readonly gas: bigint; cost: bigint | undefined; hasFailed: boolean } = EMPTY_STEP;
  /** Place of the event that began it. */
  readonly enteredAt: number[] = [];
  /** Whether an outermost message has begun and had no step yet. */
  isNewOutermost = false;
  #openDepth = -1;
  /** Their steps that are alike, without STOPs that stand in no code. */
  readonly #matched: TraceLine[] = [];
  /** Of their steps, the first that is not looked at yet. */
  #next = 0;
  /** Length of the code that runs at a depth, or ran there last. */
  readonly #codeLengths: number[] = [];

  constructor(unit: ExecutionUnit, traced: ExternalUnit | undefined, stepsBefore: number) {
    this.unit = unit;
    this.traced = traced;
    this.stepsBefore = stepsBefore;
  }

  get alike(): number {
    return this.codes.length;
  }

  /** Their step that has to be like our next one. */
  get theirs(): TraceLine | undefined {
    const steps = this.traced?.steps ?? [];
    while (this.#isBehindCode(steps.at(this.#next))) this.#next++;
    return steps.at(this.#next);
  }

  get lastTheirs(): TraceLine | undefined {
    return this.#matched.at(-1);
  }

  /** What is told of the unit, step beside step of ours. */
  tracedSteps(): ExternalUnit | undefined {
    const { traced } = this;
    const matched = this.#matched;
    return traced && { ...traced, steps: [...matched, ...traced.steps.slice(this.#next)] };
  }

  enter(depth: number, callerGas: bigint | undefined, place: number): void {
    this.settle(callerGas ?? 0n);
    this.#openDepth = depth;
    this.enteredAt[depth] = place;
    if (depth === 0) this.isNewOutermost = true;
  }

  leave({ gasLeft, gasReserve, success }: MessageResult, place: number): void {
    this.settle(wholeGas(gasLeft, gasReserve), !success);
    this.leftAt[this.#openDepth] = place;
    this.#openDepth--;
  }

  /** Clients whose loop ends at the end of code tell of a STOP there, as go-ethereum's does; ours tells of none. */
  #isBehindCode(line: TraceLine | undefined): boolean {
    if (line === undefined || line.opcode !== STOP || line.depth > this.depth) return false;
    return line.pc >= this.#codeLengths[line.depth];
  }

  settle(gasLeft: bigint, hasFailed = false): void {
    if (this.last.cost !== undefined) return;
    this.last = { gas: this.last.gas, cost: this.last.gas - gasLeft, hasFailed };
  }

  keep({ gas, gasReserve, depth, address, code }: TraceStep, theirs: TraceLine): void {
    this.codes.push({ address: address as Address, code });
    this.#matched.push(theirs);
    this.#next++;
    this.#codeLengths[depth] = code.length;
    this.depth = depth;
    this.last = { gas: wholeGas(gas, gasReserve), cost: undefined, hasFailed: false };
    this.isNewOutermost = false;
  }
}

function isUnnamed(ours: TraceStep, theirs: TraceLine): boolean {
  return theirs.opcode === INVALID && !isInstruction(ours.opcode);
}

const EMPTY_STEP = { gas: 0n, cost: 0n, hasFailed: false };

function outcomeDifference(ours: UnitOutcome | undefined, theirs: ExternalUnit["outcome"]): string | undefined {
  if (ours === undefined || theirs === null) return ours === undefined && theirs === null ? undefined : "end";
  const { receipt, gasUsed } = ours;
  if (theirs.success !== undefined && theirs.success !== (receipt?.success ?? true)) return "outcome";
  if (theirs.gasUsed !== undefined && theirs.gasUsed !== gasUsed) return "gas";
  return theirs.logs === undefined || areSameLogs(receipt?.logs ?? [], theirs.logs) ? undefined : "logs";
}

function areSameLogs(ours: readonly Log[], theirs: readonly Log[]): boolean {
  return ours.length === theirs.length && ours.every((log, i) => isSameLog(log, theirs[i]));
}

function isSameLog(a: Log, b: Log): boolean {
  if (!bytesEqual(a.address, b.address) || !bytesEqual(a.data, b.data)) return false;
  return a.topics.length === b.topics.length && a.topics.every((topic, i) => bytesEqual(topic, b.topics[i]));
}
