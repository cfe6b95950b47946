import { answerCase, type EvmCase } from "../../node/el/evm/evm-case.testkit.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import type { TraceStep } from "../../node/el/evm/tracer.ts";

/** One instruction about to be charged, as both sides tell it. */
export interface Step {
  readonly depth: number;
  readonly pc: number;
  readonly opcode: number;
  readonly gas: number;
  /** Hex, bottom first. */
  readonly stack: readonly string[];
}

/** The first `limit` steps that this interpreter makes. */
export function ownSteps(evmCase: EvmCase, rules: Rules, limit: number): Step[] {
  // pyquarkchain leaves an undefined instruction before it traces it.
  const defined = new Set(rules.instructions.map(({ opcode }) => opcode));
  const steps: Step[] = [];
  const tracer = {
    enterMessage: () => undefined,
    leaveMessage: () => undefined,
    step: ({ depth, pc, opcode, gas, stack }: TraceStep) => {
      if (steps.length >= limit || !defined.has(opcode)) return;
      steps.push({ depth, pc, opcode, gas, stack: stack.map((word) => word.toString(16)) });
    },
  };
  try {
    answerCase(evmCase, rules, tracer);
  } catch {
    // The steps up to here are what is asked for.
  }
  return steps;
}

/** Text that shows where two traces part. */
export function describeParting(theirs: readonly Step[], ours: readonly Step[]): string {
  const length = Math.min(theirs.length, ours.length);
  let at = 0;
  while (at < length && JSON.stringify(theirs[at]) === JSON.stringify(ours[at])) at++;
  if (at === theirs.length && at === ours.length) {
    const last = at === 0 ? "" : `; the last is ${stepText(theirs[at - 1])}`;
    return `all ${at} steps agree${last}: the difference lies behind them or outside the instructions`;
  }
  const before = at === 0 ? "the first step" : `after ${stepText(theirs[at - 1])}`;
  return `step ${at}, ${before}:\n    pyquarkchain ${stepText(theirs[at])}\n    ours         ${stepText(ours[at])}`;
}

function stepText(step: Step | undefined): string {
  if (step === undefined) return "has no further step";
  const shown = step.stack.slice(-6).join(" ");
  const opcode = step.opcode.toString(16).padStart(2, "0");
  return `depth ${step.depth} pc ${step.pc} opcode ${opcode} gas ${step.gas} stack(${step.stack.length}) ${shown}`;
}
