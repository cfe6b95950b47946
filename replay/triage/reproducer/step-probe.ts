import type { Creation, Message, MessageResult } from "../../../node/el/evm/message.ts";
import type { Tracer, TraceStep } from "../../../node/el/evm/tracer.ts";
import { addressKey } from "./case-state.ts";

/** More than this is not kept: the first difference is sought among these. */
const KEPT_STEPS = 200_000;

interface ProbedStep {
  readonly pc: number;
  readonly opcode: number;
  readonly depth: number;
  readonly gas: number;
  readonly height: number;
  readonly top: bigint | undefined;
}

/** Keeps the steps of an execution, to tell where another one parts from it, and which code was reached. */
export class StepProbe implements Tracer {
  readonly #steps: ProbedStep[] = [];
  readonly #frames: (string | undefined)[] = [];
  /** Instructions, kept or not. */
  count = 0;
  /** Places of code that were reached, by its account's address. */
  readonly reached = new Map<string, Set<number>>();

  enterMessage(message: Message | Creation): void {
    this.#frames.push("initCode" in message ? undefined : addressKey(message.codeAddress));
  }

  leaveMessage(_result: MessageResult): void {
    this.#frames.pop();
  }

  step({ pc, opcode, depth, gas, stack }: TraceStep): void {
    this.count++;
    if (this.#steps.length < KEPT_STEPS) {
      this.#steps.push({ pc, opcode, depth, gas, height: stack.length, top: stack.at(-1) });
    }
    const address = this.#frames.at(-1);
    if (address === undefined) return;
    const bytes = this.reached.get(address) ?? new Set();
    this.reached.set(address, bytes);
    const isPush = opcode >= 0x60 && opcode <= 0x7f;
    for (let at = pc; at <= pc + (isPush ? opcode - 0x5f : 0); at++) bytes.add(at);
  }

  /**
   * What is done and what differs first where two executions part: the instruction before, for it is its gas or
   * result that differs. Empty where they take the same steps.
   */
  parting(other: StepProbe): string {
    const length = Math.max(this.#steps.length, other.#steps.length);
    for (let at = 0; at < length; at++) {
      const what = differenceOf(this.#steps[at], other.#steps[at]);
      if (what !== undefined) return `${at === 0 ? "start" : this.#steps[at - 1].opcode} ${what}`;
    }
    return "";
  }
}

function differenceOf(a: ProbedStep | undefined, b: ProbedStep | undefined): string | undefined {
  if (a === undefined || b === undefined) return "end";
  if (a.depth !== b.depth) return "depth";
  if (a.pc !== b.pc) return "pc";
  if (a.opcode !== b.opcode) return "opcode";
  if (a.gas !== b.gas) return "gas";
  if (a.height !== b.height || a.top !== b.top) return "stack";
  return undefined;
}
