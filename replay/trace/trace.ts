import type { ExecutionUnit } from "../../node/el/evm/tracer.ts";
import { Eip3155Writer } from "../../node/el/tracing/eip3155-writer.ts";
import { UnitTracer } from "../../node/el/tracing/unit-tracer.ts";
import type { BlockTrial, Executor } from "../execution/trial.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { jsonText } from "../text/json.ts";
import { firstDivergingStep } from "../triage/steps/first-diverging-step.ts";
import { recordUnits } from "../triage/units/record-units.ts";
import type { FoundUnits } from "./find-units.ts";
import { noteRejection, notReached, type TracedRequest, withTrial } from "./opened-trial.ts";
import { PrintedLines } from "./printed-lines.ts";
import { TableWriter } from "./table-writer.ts";

/** A command line of `qkc trace` without --calls. */
export interface TraceRequest extends TracedRequest {
  readonly format: "eip3155" | "table";
}

/** `qkc trace`: prints the instructions of one unit or of a whole block. Throws what keeps it from that. */
export async function runTrace(request: TraceRequest): Promise<ExitCode> {
  return withTrial(request, ({ trial, tested, reference, found }) => {
    if (reference !== undefined) return printParting(trial, reference, tested, found);
    printTrace(trial, tested, found, request.format);
    return EXIT.clean;
  });
}

function printTrace(trial: BlockTrial, executor: Executor, { isChosen }: FoundUnits, format: TraceRequest["format"]) {
  const lines = new PrintedLines();
  const writeLine = (line: string) => lines.write(line);
  const writer = format === "table" ? new TableWriter(writeLine) : new Eip3155Writer(writeLine);
  const tracer = new UnitTracer(writer, isChosen);
  const result = executor.execute(trial.payload, trial.nodes, tracer);
  const traced = tracer.finish();
  lines.flush();
  noteRejection(executor, result);
  if (traced === 0) throw notReached(trial, executor);
}

/** Of a whole block the first unit whose effects differ counts, of a transaction only itself. */
function printParting(trial: BlockTrial, reference: Executor, tested: Executor, found: FoundUnits): ExitCode {
  const unit = found.isBlock ? undefined : chosenUnit(trial, reference, found);
  const divergence = firstDivergingStep(trial, reference, tested, unit);
  print(jsonText(divergence ?? null));
  return divergence === undefined ? EXIT.clean : EXIT.divergent;
}

function chosenUnit(trial: BlockTrial, executor: Executor, { isChosen }: FoundUnits): ExecutionUnit {
  const unit = recordUnits(trial, executor).units.find((record) => isChosen(record.unit))?.unit;
  if (unit !== undefined) return unit;
  throw notReached(trial, executor);
}
