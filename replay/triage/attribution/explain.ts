import type { RuleSwitch } from "../../../node/el/evm/hardforks/rule-switches.ts";
import type { StepDivergence, StepSide } from "../../report/triage-schema.ts";
import { grouped, signedGrouped } from "../../text/grouped.ts";

export const UNEXPLAINED = "unexplained: no rule that is known makes the difference";

/**
 * One sentence on why tested and reference execution differ: the rules, and what they did where the executions part.
 * Switches are those from the tested rules to the reference.
 */
export function explain(switches: readonly RuleSwitch[], step: StepDivergence | undefined): string {
  const rules = switches.map(({ name, effect, isGained }) =>
    isGained ? `as with ${name}: ${effect}` : `${name}: ${effect}`,
  );
  const where = step === undefined ? undefined : partingText(step);
  return [...rules, ...(where === undefined ? [] : [where])].join("; ");
}

/** The instruction that cost or did something else, which stands before the first step that differs. */
function partingText(step: StepDivergence): string | undefined {
  const { referenceStep, testedStep } = step;
  const culprit = costlierStep(step);
  if (culprit !== undefined) {
    const [reference, tested] = culprit;
    const [before, after] = [BigInt(reference.gasCost ?? 0), BigInt(tested.gasCost ?? 0)];
    return (
      `${tested.opcode} costs ${grouped(after)} instead of ${grouped(before)}, ` +
      `gas ${signedGrouped(after - before)} at pc ${pcText(tested.pc)}`
    );
  }
  const at = testedStep ?? referenceStep;
  if (at === null) return undefined;
  if (referenceStep !== null && testedStep !== null && step.what === "gas") {
    // What a step begins with is less where more was charged before.
    const more = BigInt(referenceStep.gas) - BigInt(testedStep.gas);
    if (more !== 0n) return `gas ${signedGrouped(more)} before ${at.opcode} at pc ${pcText(at.pc)}`;
  }
  return `${step.what} differs first at ${at.opcode}, pc ${pcText(at.pc)}`;
}

/** The last step up to the parting that both sides take and that costs them differently. */
function costlierStep({ context }: StepDivergence): readonly [StepSide, StepSide] | undefined {
  const tested = new Map(context.tested.map((side) => [side.step, side]));
  for (const reference of context.reference) {
    const other = tested.get(reference.step);
    if (other === undefined || other.pc !== reference.pc || other.opcode !== reference.opcode) continue;
    if (reference.gasCost === null || other.gasCost === null || reference.gasCost === other.gasCost) continue;
    return [reference, other];
  }
  return undefined;
}

function pcText(pc: number): string {
  return `0x${pc.toString(16)}`;
}
