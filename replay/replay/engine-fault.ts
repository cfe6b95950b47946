import { isDeepStrictEqual } from "node:util";
import type { BlockSource } from "../../node/archive/block-source.ts";
import { hashFromHex } from "../../node/codec/bytes.ts";
import { reasonOf } from "../../node/codec/errors.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { Refusal } from "../../node/engine/engine-api.ts";
import { type EngineAddress, withEngineStep } from "../engines/engine-look.ts";
import { type EngineBehaviour, engineBehaviour } from "../engines/engine-triage.ts";
import { declaredDifferences } from "../execution/declared-differences.ts";
import type { BlockTrial } from "../execution/trial.ts";
import { engineClass } from "../report/classes/class-name.ts";
import type { Triage } from "../report/triage-schema.ts";
import { blockName } from "../text/block-name.ts";
import { explain } from "../triage/attribution/explain.ts";
import type { TrialSource } from "../triage/open-trial.ts";
import type { MinorDivergence } from "../triage/own-check.ts";
import { triageId } from "../triage/triage.ts";
import { triageOf } from "../triage/triage-run.ts";
import { isSameRefusal } from "./same-refusal.ts";

export interface EngineFaultContext {
  readonly source: BlockSource;
  readonly trials: TrialSource;
  /** Of the report. */
  readonly folder: string;
  /** What engines reject diverging blocks for, by the block's hash. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** The engine of a shard, where it can be asked for traces. */
  readonly addressOf: (fullShardId: number) => EngineAddress | undefined;
  /** The command that feeds the engine the block again; DIR stands for the database's folder. */
  readonly again: string;
  readonly warn: (message: string) => void;
}

/** A block that our own execution brings to what it declares, and an engine does not. */
export interface EngineFault {
  readonly divergence: MinorDivergence & { readonly class: string };
  /** Rules of ours that give what the engine computed; undefined where none do. */
  readonly behaviour: EngineBehaviour | undefined;
}

/** How many fields an explanation names, and how much of a value. */
const NAMED_FIELDS = 3;
const NAMED_CHARACTERS = 66;

/** Names what an engine did otherwise: the rules that it seems to follow, or the first field that it computed otherwise. */
export async function engineFault(divergence: MinorDivergence, context: EngineFaultContext): Promise<EngineFault> {
  const { trials } = context;
  const trial = await trialOf(divergence, trials);
  let behaviour: EngineBehaviour | undefined;
  try {
    const found = engineBehaviour(trials, trial, comesToEngines(divergence, trial, context));
    if (found !== "chain") behaviour = found;
  } catch (error) {
    context.warn(`${blockName(divergence)}: the engine's rules could not be found: ${reasonOf(error)}`);
  }
  const what = behaviour?.cause.name ?? divergence.fields.at(0)?.field ?? "refused";
  return { divergence: { ...divergence, class: engineClass(what) }, behaviour };
}

/** A closer look at an engine's fault, by its own traces too where it gives any. */
export async function triageFault(fault: EngineFault, context: EngineFaultContext): Promise<Triage> {
  const { divergence, behaviour } = fault;
  const address = context.addressOf(divergence.fullShardId);
  const triage =
    behaviour === undefined ? faultTriage(fault, context) : await behaviourTriage(fault, behaviour, context);
  if (address === undefined) return triage;
  const { trials, folder, warn } = context;
  const trial = await trialOf(divergence, trials);
  const look = { ...address, config: trials.config, trial, folder, warn };
  const { triage: looked } = await withEngineStep({ ...divergence, triage }, look);
  return looked === null || looked.step === null ? triage : withStep(fault, looked);
}

/** Whether an outcome of ours is all that the engine said of the block. */
function comesToEngines(
  { hash, fields, violations }: MinorDivergence,
  { fullShardId, block }: BlockTrial,
  { source, trials, refusals }: EngineFaultContext,
): (outcome: NewPayloadResult) => boolean {
  const rig = trials.rig(fullShardId);
  return (outcome) => {
    if (outcome.status === "INVALID") {
      return isSameRefusal(refusals.get(hash), outcome.rejection);
    }
    const ours = declaredDifferences(source, rig, block, outcome.computed);
    return violations.length === 0 && fields.length > 0 && isDeepStrictEqual(ours, fields);
  };
}

/** Our own execution by the engine's rules against the chain's. */
async function behaviourTriage(
  { divergence }: EngineFault,
  { rules: tested, rulesText, cause }: EngineBehaviour,
  { source, trials, folder, warn }: EngineFaultContext,
): Promise<Triage> {
  const byRules = { ...divergence, class: cause.name, switches: [...cause.switches] };
  const triage = await triageOf(byRules, { source, trials, tested, rulesText, folder, warn });
  const { switches, explanation } = triage.attribution;
  return {
    ...triage,
    class: divergence.class,
    attribution: { switches, explanation: `the engine is at fault, it executes by other rules: ${explanation}` },
  };
}

function faultTriage({ divergence }: EngineFault, { again }: EngineFaultContext): Triage {
  return {
    id: triageId({ ...divergence, hash: hashFromHex(divergence.hash) }),
    class: divergence.class,
    unit: null,
    receipt: null,
    state: { compared: false, differences: [], omitted: 0 },
    step: null,
    attribution: { switches: [], explanation: faultText(divergence) },
    reproducer: null,
    command: again,
  };
}

function faultText({ fields, violations }: MinorDivergence): string {
  const computed = fields
    .slice(0, NAMED_FIELDS)
    .map(({ field, declared, computed }) => `${field} ${cut(computed)} where ${cut(declared)} is declared`);
  const more = fields.length > NAMED_FIELDS ? [`${fields.length - NAMED_FIELDS} more fields`] : [];
  const said = [
    ...(computed.length > 0 ? [`it computed ${[...computed, ...more].join(", ")}`] : []),
    ...violations.map(({ message }) => `it refuses the block: ${message}`),
  ];
  return `the engine is at fault: our own execution matches what the block declares; ${said.join("; ")}`;
}

function cut(value: string): string {
  return value.length > NAMED_CHARACTERS ? `${value.slice(0, NAMED_CHARACTERS)}…` : value;
}

/** An engine is named by what it is: the port behind which it was found says nothing. */
function withStep({ behaviour }: EngineFault, triage: Triage): Triage {
  if (triage.step === null) return triage;
  const step = { ...triage.step, tested: "engine" };
  const { switches, explanation } = triage.attribution;
  const parting = behaviour === undefined ? explain([], step) : "";
  const attribution = { switches, explanation: parting === "" ? explanation : `${explanation}; ${parting}` };
  return { ...triage, step, attribution };
}

function trialOf({ fullShardId, hash }: MinorDivergence, trials: TrialSource): Promise<BlockTrial> {
  return trials.trial({ fullShardId, hash: hashFromHex(hash) });
}
