import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import type { StepDivergence } from "../../report/triage-schema.ts";
import { firstDifferingUnit } from "../units/differing-unit.ts";
import { recordUnits } from "../units/record-units.ts";
import { type BlockEvent, BlockEvents, type EventListener } from "./block-events.ts";
import { type Digest, DigestList } from "./digest.ts";
import { divergenceView } from "./divergence-view.ts";
import { StepCapture } from "./step-capture.ts";
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
  if (where === undefined) return undefined;
  const names = { reference: reference.name, tested: tested.name };
  return divergenceView({ ...names, unit: where, what: whatDiffers(ours, theirs) }, ours, theirs);
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
  readonly #reference: DigestList;
  #place = 0;
  #first: number | undefined;

  constructor(reference: DigestList) {
    this.#reference = reference;
  }

  event(_: BlockEvent, digest: Digest): void {
    if (this.#first === undefined && !this.#reference.isAt(this.#place, digest)) this.#first = this.#place;
    this.#place++;
  }

  difference(): number | undefined {
    return this.#first ?? (this.#place < this.#reference.length ? this.#place : undefined);
  }
}
