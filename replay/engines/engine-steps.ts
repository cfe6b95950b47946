import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { Hash32 } from "../../node/codec/bytes.ts";
import { ENGINE_METHODS } from "../../node/engine/api/methods.ts";
import type { StructLogTrace } from "../../node/engine/api/struct-logs.ts";
import type { HttpEngine } from "../../node/engine/client/http-engine.ts";
import type { QkcPayload } from "../../node/engine/engine-api.ts";
import { EngineError, isTooLarge } from "../../node/engine/engine-error.ts";
import type { BlockTrial, Executor } from "../execution/trial.ts";
import type { StepDivergence } from "../report/triage-schema.ts";
import type { ExternalTrace, ExternalUnit } from "../triage/steps/external-trace.ts";
import { firstStepOffTrace } from "../triage/steps/first-step-off-trace.ts";
import { writeExternalTraceFiles } from "../triage/trace-files.ts";
import { triageId } from "../triage/triage.ts";
import { recordUnits } from "../triage/units/record-units.ts";

export interface EngineStepsRequest {
  readonly engine: HttpEngine;
  /** As reports name the engine. */
  readonly engineName: string;
  /** A block on whose parent the engine stands; what it answers to it does not matter. */
  readonly trial: BlockTrial;
  /** By the rules that the engine should follow. */
  readonly reference: Executor;
  /** Where trace files go; undefined: none are written. */
  readonly folder: string | undefined;
}

/** A step, or why there is none. */
export type EngineStep = { readonly step: StepDivergence } | { readonly step: undefined; readonly reason: string };

/**
 * The first step at which an engine does something else than it should, by the traces that it gives: those of the
 * QuarkChain extension, or else go-ethereum's, which tell of transactions alone. Throws EngineProtocolError for answers
 * that are no traces, EngineError where it cannot give those that it offers.
 */
export async function engineStepDivergence(request: EngineStepsRequest): Promise<EngineStep> {
  const { engine, trial, reference, folder } = request;
  const { traceBlock } = ENGINE_METHODS;
  const offered = await engine.exchangeCapabilities([traceBlock.name]);
  const refusals: string[] = [];
  const isExtended = offered.includes(traceBlock.name);
  for await (const trace of isExtended ? extensionTraces(request) : structLogTraces(request, refusals)) {
    const step = firstStepOffTrace(trial, reference, trace);
    if (step === undefined) continue;
    if (folder === undefined) return { step };
    const { unit } = step;
    const tested = trace.units.find(({ kind, index }) => kind === unit.kind && index === unit.index);
    const files = writeExternalTraceFiles({ trial, reference, tested, unit, folder, id: triageId(trial) });
    return { step: { ...step, traces: files } };
  }
  const reason =
    refusals.length === 0 ? "its traces differ nowhere from ours" : `it gives no traces (${refusals.join("; ")})`;
  return { step: undefined, reason };
}

/** The whole block's, or, where that is too long for one answer, those of its units. */
async function* extensionTraces({ engine, engineName, trial, reference }: EngineStepsRequest) {
  const payload = payloadOfTrial(trial);
  const common = { name: engineName, isExact: true };
  const whole = await unlessTooLarge(engine.traceBlock(payload));
  if (whole !== undefined) {
    yield { ...common, units: whole.units, isWhole: true };
    return;
  }
  for (const { unit } of recordUnits(trial, reference).units) {
    const { units } = await engine.traceBlock(payload, { unit: { kind: unit.kind, index: unit.index } });
    yield { ...common, units, isWhole: false };
  }
}

async function unlessTooLarge<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw error;
  }
}

/** Notes in `refusals` why there are none. */
async function* structLogTraces(
  { engine, engineName, trial }: EngineStepsRequest,
  refusals: string[],
): AsyncGenerator<ExternalTrace> {
  const units = await structLogUnits(engine, trial.block, trial.hash, refusals);
  if (units.length > 0) yield { name: engineName, units, isWhole: false, isExact: false };
}

async function structLogUnits(
  engine: HttpEngine,
  block: MinorBlock,
  blockHash: Hash32,
  refusals: string[],
): Promise<ExternalUnit[]> {
  const unlessRefused = async <T>(answer: Promise<T>): Promise<T | undefined> => {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      refusals.push(error.message);
      return undefined;
    }
  };
  // A block that the engine refused is not where one that it took is.
  for (const isRefused of [true, false]) {
    const units = unitsOf(block, (await unlessRefused(engine.structLogsOfBlock(blockHash, isRefused))) ?? []);
    if (units.length > 0) return units;
  }
  const traces: (StructLogTrace | null)[] = [];
  for (const { hash } of block.transactions) {
    const trace = await unlessRefused(engine.structLogsOfTransaction(hash));
    // Who does not know the method does not know it the next time.
    if (trace === undefined && traces.length === 0) break;
    traces.push(trace ?? null);
  }
  if (block.transactions.length === 0) refusals.push("the block has no transactions, of which alone its methods tell");
  return unitsOf(block, traces);
}

function unitsOf({ transactions }: MinorBlock, traces: readonly (StructLogTrace | null)[]): ExternalUnit[] {
  return transactions.flatMap(({ hash }, index) => {
    const trace = traces.at(index) ?? null;
    if (trace === null) return [];
    const { steps, success, gasUsed } = trace;
    return [{ kind: "transaction", index, hash, steps, outcome: { success, gasUsed } } as const];
  });
}

function payloadOfTrial({ hash, block, payload }: BlockTrial): QkcPayload {
  return { blockHash: hash, block, inputs: payload };
}
