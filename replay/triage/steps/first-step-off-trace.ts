import type { BlockTrial, Executor } from "../../execution/trial.ts";
import type { StepDivergence } from "../../report/triage-schema.ts";
import { BlockEvents } from "./block-events.ts";
import { divergenceView } from "./divergence-view.ts";
import type { ExternalTrace } from "./external-trace.ts";
import { StepCapture } from "./step-capture.ts";
import { comparisonWith } from "./trace-comparison.ts";
import { tracedParting } from "./traced-side.ts";

/**
 * As firstDivergingStep, where all that is known of the tested execution is its trace. What a trace does not tell, such as
 * the contents of memory and what is written to the state, cannot be seen to differ: the instruction shown may be the first
 * one behind it. Undefined where nothing differs. Executes the block twice; memory grows by what a trace of one unit
 * holds.
 */
export function firstStepOffTrace(
  trial: BlockTrial,
  reference: Executor,
  trace: ExternalTrace,
): StepDivergence | undefined {
  const comparison = comparisonWith(trace);
  reference.execute(trial.payload, trial.nodes, comparison);
  const parting = comparison.finish();
  if (parting === undefined) return undefined;
  const capture = new StepCapture(parting.event);
  reference.execute(trial.payload, trial.nodes, new BlockEvents(capture));
  const { unit, what } = parting;
  const names = { reference: reference.name, tested: trace.name };
  const divergence = divergenceView({ ...names, unit, what }, capture.parting(), tracedParting(parting));
  // Whose code it is that only they run, nobody said.
  return divergence.referenceStep === null ? { ...divergence, contract: null, callPath: [], code: [] } : divergence;
}
