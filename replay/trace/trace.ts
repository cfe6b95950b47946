import { UsageError } from "../../node/codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import type { ExecutionUnit } from "../../node/el/evm/tracer.ts";
import { Eip3155Writer } from "../../node/el/tracing/eip3155-writer.ts";
import { UnitTracer } from "../../node/el/tracing/unit-tracer.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../execution/trial.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { note, print } from "../terminal/print.ts";
import { whatifRules } from "../terminal/rules-option.ts";
import { jsonText } from "../text/json.ts";
import { TrialSource } from "../triage/open-trial.ts";
import { firstDivergingStep } from "../triage/steps/first-diverging-step.ts";
import { recordUnits } from "../triage/units/record-units.ts";
import { type FoundUnits, unitOfTransaction, unitsOfBlock } from "./find-units.ts";
import { PrintedLines } from "./printed-lines.ts";
import { TableWriter } from "./table-writer.ts";

/** A command line of `qkc trace`. */
export interface TraceRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly tx?: string;
  readonly block?: string;
  /** Where a transaction is looked for; undefined: everywhere, the shard it was sent in first. */
  readonly shard?: number;
  /** Rule sets as texts; undefined: the chain's own. */
  readonly rules?: string;
  readonly against?: string;
  readonly format: "eip3155" | "table";
}

/** `qkc trace`: prints the instructions of one unit or of a whole block. Throws what keeps it from that. */
export async function runTrace(request: TraceRequest): Promise<ExitCode> {
  const { db, configPath, rules, against } = request;
  const [tested, reference] = [rules, against].map((text) =>
    text === undefined ? QUARKCHAIN_RULES : whatifRules(text),
  );
  const database = openDatabase({ db, configPath, rootTip: undefined, verifyChecksums: "default" });
  try {
    const found = unitsOf(database, request);
    const source = new TrialSource(database);
    const trial = await source.trial(found.place);
    for (const warning of source.warnings) note(`note: ${warning}`);
    const executor = (of: typeof tested) => rulesExecutor(source.config, trial.fullShardId, of);
    if (against !== undefined) return printParting(trial, executor(reference), executor(tested), found);
    printTrace(trial, executor(tested), found, request.format);
    return EXIT.clean;
  } finally {
    database.source.close();
  }
}

function unitsOf(database: OpenDatabase, { tx, block, shard }: TraceRequest): FoundUnits {
  if (tx !== undefined) return unitOfTransaction(database, tx, shard);
  if (block !== undefined) return unitsOfBlock(database, block);
  throw new UsageError("say what to trace: --tx HASH or --block SHARD:HEIGHT");
}

function printTrace(trial: BlockTrial, executor: Executor, { isChosen }: FoundUnits, format: TraceRequest["format"]) {
  const lines = new PrintedLines();
  const writeLine = (line: string) => lines.write(line);
  const writer = format === "table" ? new TableWriter(writeLine) : new Eip3155Writer(writeLine);
  const tracer = new UnitTracer(writer, isChosen);
  const result = executor.execute(trial.payload, trial.nodes, tracer);
  const traced = tracer.finish();
  lines.flush();
  if (result.status === "INVALID") {
    const { transactionIndex, reason } = result.rejection;
    const what = transactionIndex === undefined ? "the block" : `transaction ${transactionIndex}`;
    note(`note: by the rules of ${executor.name} ${what} is refused: ${reason}`);
  }
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

function notReached({ fullShardId, height }: BlockTrial, { name }: Executor): UsageError {
  return new UsageError(`block ${height} of shard ${fullShardId} does not come to it by the rules of ${name}`);
}
