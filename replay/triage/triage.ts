import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { reasonOf } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import type { ExecutionUnit } from "../../node/el/evm/tracer.ts";
import { compareDeclared } from "../../node/engine/compare-block.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../execution/trial.ts";
import type { CallsOfUnit } from "../report/calls-schema.ts";
import type { Cause } from "../report/classes/class-name.ts";
import { divergenceId } from "../report/divergence-id.ts";
import { localityText } from "../report/locality-text.ts";
import type { Attribution, DifferingUnit, StepDivergence, Triage } from "../report/triage-schema.ts";
import { blockName } from "../text/block-name.ts";
import { explain, UNEXPLAINED } from "./attribution/explain.ts";
import { ContractNames } from "./calls/abi/contract-names.ts";
import { recordCalls } from "./calls/call-record.ts";
import { unitCallsView } from "./calls/call-view.ts";
import type { FoundHypothesis } from "./hypotheses/scales.ts";
import { hypothesisText, toldHypotheses } from "./hypotheses/told.ts";
import { coinbaseDifferences } from "./locality/coinbase-sums.ts";
import { cursorWalk } from "./locality/cursor-walk.ts";
import { outcomeOf } from "./locality/declared-outcome.ts";
import { depositDifferences } from "./locality/deposit-differences.ts";
import { locate, type Outcome, unitOf } from "./locality/locality.ts";
import { stakingWindow } from "./locality/staking-window.ts";
import { type ConsensusSide, type Reference, referenceWith } from "./reference.ts";
import { makeDeclaredReproducer } from "./reproducer/declared-reproducer.ts";
import { makeReproducer } from "./reproducer/make-reproducer.ts";
import { reproducerText } from "./reproducer/reproducer-file.ts";
import { firstDivergingStep } from "./steps/first-diverging-step.ts";
import { writeTraceFiles } from "./trace-files.ts";
import { firstDifferingUnit } from "./units/differing-unit.ts";
import { recordUnits } from "./units/record-units.ts";

const REPRODUCERS = "reproducers";
/** Of a unit in a report; qkc trace --calls shows all. */
const MOST_CALLS = 200;

export interface TriageRequest {
  readonly config: QuarkChainConfig;
  readonly cl: ConsensusSide;
  readonly trial: BlockTrial;
  readonly declared: Outcome;
  /** Of the divergence. */
  readonly cause: Cause;
  /** What was found beside the rules that clients have, for the class. */
  readonly hypothesis?: { readonly found: FoundHypothesis; readonly executor: Executor };
  /** Rules that do not match what the block declares. */
  readonly tested: Rules;
  /** Text of those rules, as --rules takes it; undefined: the chain's own, which commands need not name. */
  readonly rulesText: string | undefined;
  /** Where files go; undefined: none are written. */
  readonly folder: string | undefined;
  /** Told what could not be found out. */
  readonly warn: (message: string) => void;
}

/** A closer look at a block that does not match what it declares: where, at which step, by which rule, and a small case. */
export function triageDivergence(request: TriageRequest): Triage {
  const { config, cl, trial, declared, cause, tested } = request;
  const executor = rulesExecutor(config, trial.fullShardId, tested);
  const reference = referenceOf(request);
  const records = recordUnits(trial, executor);
  const expected = reference && recordUnits(trial, reference.executor);
  const computed = outcomeOf(records.result, cl, trial);
  const deposits = records.result.status === "INVALID" ? [] : depositDifferences(declared, computed);
  const coinbase = coinbaseDifferences({ config, trial, records, reference: expected });
  const cursor = cursorWalk(trial, records);
  const locality = locate({
    trial,
    declared,
    computed,
    executions: expected === undefined ? [records] : [records, expected],
  });
  const refused = records.result.status === "INVALID" ? records.units.at(-1)?.unit : undefined;
  const differing = expected && firstDifferingUnit(expected, records)?.unit;
  const blamed = differing ?? refused;
  const staking = blamed && stakingWindow(config, trial, blamed);
  const unit = blamed === undefined ? (locality.unit ?? blockLevelUnit(trial, records.result)) : unitOf(blamed);
  const place = { ...locality, unit };
  const id = triageId(trial);
  const step =
    reference && attempt(request, "the first diverging step", () => stepOf(request, id, reference, differing));
  return {
    id,
    class: cause.name,
    ...place,
    ...(deposits.length === 0 ? {} : { deposits }),
    ...(coinbase.length === 0 ? {} : { coinbase }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(staking === undefined ? {} : { staking }),
    step: step ?? null,
    ...(blamed === undefined ? {} : { calls: callsOf(request, blamed, reference, executor) }),
    attribution: reference === undefined ? unexplained(place) : explained(request, reference, step),
    reproducer: attempt(request, "a reproducer", () => writeReproducer(request, id, reference)) ?? null,
    command: diffCommand(trial, request.rulesText),
  };
}

/** Names a divergence in files and links. */
export function triageId({ fullShardId, height, hash }: Pick<BlockTrial, "fullShardId" | "height" | "hash">): string {
  return divergenceId({ fullShardId, height, hash: toHex(hash) });
}

function referenceOf({ config, cl, trial, tested, cause, hypothesis }: TriageRequest): Reference | undefined {
  if (cause.switches.length > 0) return referenceWith(config, cl, trial, tested, cause.switches);
  return hypothesis && { executor: hypothesis.executor, switches: [] };
}

function unexplained(locality: Pick<Triage, "unit" | "receipt" | "state">): Attribution {
  const where = localityText(locality);
  return { switches: [], explanation: where === "" ? UNEXPLAINED : `${UNEXPLAINED}; ${where}` };
}

function explained(
  { cause, hypothesis }: TriageRequest,
  { switches }: Reference,
  step: StepDivergence | undefined,
): Attribution {
  const texts = explain(switches, step);
  const isNamed = hypothesis !== undefined && cause.switches.length === 0;
  return {
    switches: switches.map(({ name, title }) => ({ name, title })),
    explanation: [...(isNamed ? [hypothesisText(hypothesis.found)] : []), ...(texts === "" ? [] : [texts])].join("; "),
    ...(hypothesis === undefined ? {} : { hypotheses: toldHypotheses(hypothesis.found) }),
  };
}

/** What the block itself does between its units: no unit's own effect differs. */
function blockLevelUnit({ block }: BlockTrial, result: NewPayloadResult): DifferingUnit | null {
  if (result.status === "INVALID") return null;
  const fields = compareDeclared(block, result.computed).map(({ field }) => field);
  if (fields.includes("xshardCursor")) return { kind: "cursor", index: 0, hash: null };
  if (fields.includes("coinbaseAmounts") && !fields.includes("gasUsed"))
    return { kind: "reward", index: 0, hash: null };
  return null;
}

/** With files of what both executions do in its unit. */
function stepOf(
  { config, trial, tested: rules, folder }: TriageRequest,
  id: string,
  { executor: reference }: Reference,
  unit: ExecutionUnit | undefined,
): StepDivergence | undefined {
  const tested = rulesExecutor(config, trial.fullShardId, rules);
  const step = firstDivergingStep(trial, reference, tested, unit);
  if (step === undefined || folder === undefined) return step;
  return { ...step, traces: writeTraceFiles({ trial, reference, tested, unit: step.unit, folder, id }) };
}

/** What the unit calls by the reference, where there is one, and as tested. */
function callsOf(
  { trial }: TriageRequest,
  unit: ExecutionUnit,
  reference: Reference | undefined,
  tested: Executor,
): CallsOfUnit[] {
  const isChosen = ({ kind, index }: ExecutionUnit) => kind === unit.kind && index === unit.index;
  const names = new ContractNames();
  return [...(reference === undefined ? [] : [reference.executor]), tested].flatMap((executor) =>
    recordCalls({ trial, executor, isChosen, most: MOST_CALLS }).units.map((calls) =>
      unitCallsView(calls, executor.name, names),
    ),
  );
}

/** What is expected is what the reference comes to; without one, as much of the block as it declares. */
function writeReproducer(request: TriageRequest, id: string, reference: Reference | undefined): string | undefined {
  const { config, trial, declared, tested, rulesText, folder } = request;
  if (folder === undefined) return undefined;
  const executor = rulesExecutor(config, trial.fullShardId, tested);
  const origin = { id, trial, config, rules: rulesText ?? tested.name, tested: executor };
  const reproducer =
    reference === undefined
      ? makeDeclaredReproducer({ ...origin, receipts: declared.receipts })
      : makeReproducer({ ...origin, reference: reference.executor });
  if (reproducer === undefined) {
    warnOf(request, "there is no reproducer: the difference does not show in what a case of this block alone can hold");
    return undefined;
  }
  makeFolder(join(folder, REPRODUCERS));
  const path = `${REPRODUCERS}/${id}.json`;
  writeFileSync(join(folder, path), reproducerText(reproducer));
  return path;
}

/** DIR stands for the database's folder: a report is the same wherever that lies. */
function diffCommand({ hash }: BlockTrial, rulesText: string | undefined): string {
  return `qkc diff --db DIR --block ${toHex(hash)}${rulesText === undefined ? "" : ` --rules ${rulesText}`}`;
}

/** The divergence stands whatever cannot be found out about it. */
function attempt<T>(request: TriageRequest, what: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    warnOf(request, `${what} could not be found: ${failureOfLook(error)}`);
    return undefined;
  }
}

function warnOf({ trial, warn }: TriageRequest, message: string): void {
  warn(`${blockName(trial)}: ${message}`);
}

function failureOfLook(error: unknown): string {
  // What a wrong block declares may be no receipt of any execution: less gas in total than before it, for example.
  if (error instanceof z.ZodError) {
    const { path, message } = error.issues[0];
    return `what the block declares cannot be written as a case (${path.join(".")}: ${message})`;
  }
  return reasonOf(error);
}
