import { bytesEqual, toHex } from "../../../node/codec/bytes.ts";
import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import type { StepDivergence } from "../../report/triage-schema.ts";
import type { BlockTrial, Executor } from "../trial.ts";
import { firstDifferingUnit } from "../units/differing-unit.ts";
import { recordUnits } from "../units/record-units.ts";
import { type BlockEvent, BlockEvents, type Effect, type EventListener } from "./block-events.ts";
import { type Digest, DigestList } from "./digest.ts";
import { type CapturedStep, type OpenFrame, type Parting, StepCapture } from "./step-capture.ts";
import { callPathView, codeView, stepView, unitView } from "./step-views.ts";
import { whatDiffers } from "./what-differs.ts";

/**
 * The instruction at which two executions of a block part: the last one that both began alike, on the same stack,
 * memory and gas, and that left them unlike (or that one of them refused). It need not be the one executed last: what a
 * call brings back is the call's. Each side's values are those before it. Where units or outermost messages begin or end
 * unlike, no instruction is to blame: the steps are then the first of each side behind that, null where there are none.
 *
 * It is sought in `unit` alone; absent, in the first unit whose effects differ, or, where all come to the same, in the
 * whole block: an instruction can part two executions that meet again. Undefined where nothing differs. Executes the
 * block twice on each side, or three times; memory grows by 8 bytes a step.
 */
export function firstDivergingStep(
  trial: BlockTrial,
  reference: Executor,
  tested: Executor,
  unit = firstDifferingUnit(recordUnits(trial, reference), recordUnits(trial, tested))?.unit,
): StepDivergence | undefined {
  const place = firstDifference(trial, reference, tested, unit);
  if (place === undefined) return undefined;
  const [ours, theirs] = [reference, tested].map((executor) => {
    const found = new StepCapture(place);
    executor.execute(trial.payload, trial.nodes, new BlockEvents(found, unit));
    return found.parting();
  });
  const where = ours.unit ?? theirs.unit;
  return where === undefined ? undefined : view(reference.name, tested.name, where, ours, theirs);
}

function firstDifference(
  trial: BlockTrial,
  reference: Executor,
  tested: Executor,
  unit: ExecutionUnit | undefined,
): number | undefined {
  const list = new DigestList();
  const keep = { event: (_: BlockEvent, digest: Digest) => list.push(digest) };
  reference.execute(trial.payload, trial.nodes, new BlockEvents(keep, unit));
  const comparison = new Comparison(list);
  tested.execute(trial.payload, trial.nodes, new BlockEvents(comparison, unit));
  return comparison.difference();
}

class Comparison implements EventListener {
  private readonly reference: DigestList;
  private place = 0;
  private first: number | undefined;

  constructor(reference: DigestList) {
    this.reference = reference;
  }

  event(_: BlockEvent, digest: Digest): void {
    if (this.first === undefined && !this.reference.isAt(this.place, digest)) this.first = this.place;
    this.place++;
  }

  difference(): number | undefined {
    return this.first ?? (this.place < this.reference.length ? this.place : undefined);
  }
}

function view(reference: string, tested: string, unit: ExecutionUnit, ours: Parting, theirs: Parting): StepDivergence {
  const sides = [ours, theirs].map((parting) => shownPlace(parting, [...ours.effects, ...theirs.effects]));
  const [ourStep, theirStep] = sides.map(({ step }) => step);
  const shown = ourStep ?? theirStep;
  return {
    unit: unitView(unit),
    reference,
    tested,
    what: whatDiffers(ours, theirs),
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
