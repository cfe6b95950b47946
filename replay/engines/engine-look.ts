import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { reasonOf } from "../../node/codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { HttpEngine } from "../../node/engine/client/http-engine.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial } from "../execution/trial.ts";
import type { Divergence } from "../report/schema.ts";
import type { StepDivergence, Triage } from "../report/triage-schema.ts";
import type { Unit } from "../report/unit-schema.ts";
import { explain, UNEXPLAINED } from "../triage/attribution/explain.ts";
import { triageId } from "../triage/triage.ts";
import { engineStepDivergence } from "./engine-steps.ts";

export interface EngineAddress {
  readonly url: string;
  readonly jwtSecret: Uint8Array | undefined;
}

export interface EngineLook extends EngineAddress {
  readonly config: QuarkChainConfig;
  /** The block that the engine refused. */
  readonly trial: BlockTrial;
  /** The report's. */
  readonly folder: string;
  /** Told what could not be found out. */
  readonly warn: (message: string) => void;
}

/** The divergence with the step at which the engine parts from the chain's rules; as it was where the engine does not tell. */
export async function withEngineStep<D extends Divergence>(divergence: D, look: EngineLook): Promise<D> {
  const step = await stepOf(look);
  if (step === undefined) return divergence;
  const { triage } = divergence;
  if (triage === null) return { ...divergence, triage: unexplainedTriage(divergence, look, step) };
  // What the engine writes its trace does not tell: where ours by the same rules part before, the trace shows what follows.
  if (triage.step !== null && isBefore(triage.step, step)) return divergence;
  return { ...divergence, triage: { ...triage, step, unit: step.unit } };
}

const KINDS = ["deposit", "transaction", "reward"] as const satisfies readonly Unit["kind"][];

function isBefore(a: StepDivergence, b: StepDivergence): boolean {
  if (a.unit.kind !== b.unit.kind) return KINDS.indexOf(a.unit.kind) < KINDS.indexOf(b.unit.kind);
  if (a.unit.index !== b.unit.index) return a.unit.index < b.unit.index;
  return (a.referenceStep?.step ?? Infinity) < (b.referenceStep?.step ?? Infinity);
}

/**
 * The divergence stands whatever the engine does when it is asked for traces; that another's step stands in the place of
 * its own is said.
 */
async function stepOf({
  url,
  jwtSecret,
  config,
  trial,
  folder,
  warn,
}: EngineLook): Promise<StepDivergence | undefined> {
  const { xshardGasDdosFixRootHeight } = config;
  const engine = new HttpEngine({ url, jwtSecret, xshardGasDdosFixRootHeight });
  const reference = rulesExecutor(config, trial.fullShardId, QUARKCHAIN_RULES);
  const withoutStep = (reason: string) =>
    warn(
      `block ${trial.height}: the engine's first diverging step could not be found: ${reason}; a step that is shown is by ` +
        "rules of ours that come to what the engine came to",
    );
  try {
    const found = await engineStepDivergence({ engine, engineName: url, trial, reference, folder });
    if (found.step === undefined) withoutStep(found.reason);
    return found.step;
  } catch (error) {
    withoutStep(reasonOf(error));
    return undefined;
  } finally {
    engine.close();
  }
}

function unexplainedTriage({ class: className }: Divergence, { trial, url }: EngineLook, step: StepDivergence): Triage {
  return {
    id: triageId(trial),
    class: className ?? "unexplained/engine",
    unit: step.unit,
    receipt: null,
    state: { compared: false, differences: [], omitted: 0 },
    step,
    attribution: { switches: [], explanation: `${UNEXPLAINED}; ${explain([], step)}` },
    reproducer: null,
    command: `qkc bisect --db DIR --shard ${trial.fullShardId} --engine ${url}`,
  };
}
