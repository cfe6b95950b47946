import { setImmediate } from "node:timers/promises";
import type { BlockSource } from "../../node/archive/block-source.ts";
import { hashFromHex } from "../../node/codec/bytes.ts";
import { reasonOf } from "../../node/codec/errors.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import { type OpenDatabase, type OpenRequest, openDatabase } from "../database/open-database.ts";
import { type ClassedDivergence, firstOfEachClass, isClassed } from "../report/classes/group.ts";
import type { FoundDivergence } from "../report/schema.ts";
import type { Triage } from "../report/triage-schema.ts";
import { blockName } from "../text/block-name.ts";
import { type FoundHypothesis, hypothesisExecutor } from "./hypotheses/scales.ts";
import { seekHypotheses } from "./hypotheses/search.ts";
import { declaredOutcome } from "./locality/declared-outcome.ts";
import { TrialSource } from "./open-trial.ts";
import { rulesTriage } from "./rules-triage.ts";
import { triageDivergence } from "./triage.ts";

/** Which divergences to look at, and where what belongs to them goes. */
export interface TriageOrder {
  /** In the order of the chain. */
  readonly divergences: readonly FoundDivergence[];
  /** Folder of the report: what belongs to it is written there. */
  readonly folder: string;
  /** Told how many blocks will be looked at, where there are any. */
  readonly onStart?: (count: number) => void;
  /** No further block is looked at once this says so. */
  readonly shouldStop?: () => boolean;
}

export interface TriageRunRequest extends TriageOrder, OpenRequest {}

export interface TriageRun {
  /** By the hash of the block. */
  readonly triages: ReadonlyMap<string, Triage>;
  /** Classes that hypotheses give to divergences, by the hash of the block. */
  readonly classes: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/** As triageIn, with a handle of its own on the database. */
export async function triageDivergences(request: TriageRunRequest): Promise<TriageRun> {
  const count = firstOfEachClass(request.divergences).length;
  if (count === 0) return { triages: new Map(), classes: new Map(), warnings: [] };
  request.onStart?.(count);
  const database = openDatabase(request);
  try {
    return await triageIn(database, request);
  } finally {
    database.source.close();
  }
}

/** Looks closer at the first divergences of each class. Never throws for a single one: what fails is a warning. */
export async function triageIn(database: OpenDatabase, request: TriageOrder): Promise<TriageRun> {
  const triages = new Map<string, Triage>();
  const warnings: string[] = [];
  const classes = new Map<string, string>();
  const context: TriageContext = {
    source: database.source,
    trials: new TrialSource(database),
    tested: QUARKCHAIN_RULES,
    rulesText: undefined,
    folder: request.folder,
    warn: (message) => warnings.push(message),
  };
  const shouldStop = () => request.shouldStop?.() === true;
  const { divergences, found } = await seekHypotheses(request.divergences.filter(isClassed), {
    ...context,
    shouldStop,
  });
  for (const { hash, class: name } of divergences) classes.set(hash, name);
  for (const divergence of firstOfEachClass(divergences)) {
    // Signals are heard between blocks.
    await setImmediate();
    if (shouldStop()) break;
    try {
      triages.set(divergence.hash, await triageOf(divergence, context, found.get(divergence.class)));
    } catch (error) {
      warnings.push(failureText(divergence, error));
    }
  }
  return { triages, classes, warnings };
}

/** What a closer look at a divergence needs. */
export interface TriageContext {
  readonly source: BlockSource;
  readonly trials: TrialSource;
  /** Rules that do not match what the block declares. */
  readonly tested: Rules;
  /** Text of those rules; undefined: the chain's own. */
  readonly rulesText: string | undefined;
  readonly folder: string;
  /** Told what could not be found out. */
  readonly warn: (message: string) => void;
}

/** A closer look at one divergence. Throws where its block cannot be executed at all. */
export async function triageOf(
  divergence: ClassedDivergence,
  context: TriageContext,
  found?: FoundHypothesis,
): Promise<Triage> {
  const { fullShardId, hash, class: name, switches } = divergence;
  if (fullShardId === null || !isExecuted(divergence)) return rulesTriage(divergence);
  const { source, trials, ...rest } = context;
  const trial = await trials.trial({ fullShardId, hash: hashFromHex(hash) });
  const { cl } = trials.rig(fullShardId);
  const declared = declaredOutcome(source, cl, trial);
  const hypothesis = found && {
    found,
    executor: hypothesisExecutor(trials.config, context.tested, found.hypothesis, fullShardId),
  };
  const cause = { name, switches };
  return triageDivergence({ ...rest, config: trials.config, cl, trial, declared, cause, hypothesis });
}

/** Whether what differs comes from an execution: a genesis block has none, and a broken rule needs none. */
function isExecuted({ height, violations }: FoundDivergence): boolean {
  return height > 0 && violations.every(({ code }) => code === "EXECUTION_INVALID");
}

function failureText(divergence: FoundDivergence, error: unknown): string {
  return `${blockName(divergence)} differs; a closer look at it failed: ${reasonOf(error)}`;
}
