import { bytesEqual, toHex } from "../../../node/codec/bytes.ts";
import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import type { StepDivergence } from "../../report/triage-schema.ts";
import type { Effect } from "./block-events.ts";
import type { CapturedStep, OpenFrame, Parting } from "./step-capture.ts";
import { callPathView, codeView, stepView, unitView } from "./step-views.ts";

/** What is known of a parting besides its two sides. */
export interface PartingPlace {
  /** Names of the two executions. */
  readonly reference: string;
  readonly tested: string;
  readonly unit: ExecutionUnit;
  readonly what: string;
}

/** How two executions part, as a report has it; without trace files. */
export function divergenceView(
  { reference, tested, unit, what }: PartingPlace,
  ours: Parting,
  theirs: Parting,
): StepDivergence {
  const sides = [ours, theirs].map((parting) => shownPlace(parting, [...ours.effects, ...theirs.effects]));
  const [ourStep, theirStep] = sides.map(({ step }) => step);
  const shown = ourStep ?? theirStep;
  return {
    unit: unitView(unit),
    reference,
    tested,
    what,
    contract: shown === undefined ? null : `0x${toHex(shown.step.address)}`,
    callPath: callPathView(sides[ourStep === undefined ? 1 : 0].frames),
    referenceStep: ourStep === undefined ? null : stepView(ourStep),
    testedStep: theirStep === undefined ? null : stepView(theirStep),
    context: { reference: ours.steps.map(stepView), tested: theirs.steps.map(stepView) },
    code: shown === undefined ? [] : codeView(shown.step),
    traces: null,
  };
}

interface ShownPlace {
  readonly step: CapturedStep | undefined;
  readonly frames: readonly OpenFrame[];
}

/** The instruction to blame, or what comes first behind a beginning or end that differs. */
function shownPlace({ culprit, frames, event, destroyers, next }: Parting, effects: readonly Effect[]): ShownPlace {
  if (culprit !== undefined) return { step: culprit, frames: framesOf(culprit, frames) };
  // What an account's end differs in goes back to the instruction that asked for it.
  const destroyer = destroyers.find(({ step }) =>
    effects.some(({ address }) => address !== undefined && bytesEqual(address, step.step.address)),
  );
  if (event?.kind === "leaveUnit" && destroyer !== undefined) return destroyer;
  return { step: next, frames };
}

/** Without the frame that the step asked for. */
function framesOf(step: CapturedStep, frames: readonly OpenFrame[]): readonly OpenFrame[] {
  const top = frames.at(-1);
  return top !== undefined && top.last === undefined && top.asker === step ? frames.slice(0, -1) : frames;
}
