import { setImmediate } from "node:timers/promises";
import { reasonOf } from "../../node/codec/errors.ts";
import type { Refusal } from "../../node/engine/engine-api.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import type { EngineAddress } from "../engines/engine-look.ts";
import { type Cause, causeWithout, ruleClass } from "../report/classes/class-name.ts";
import { firstOfEachClass } from "../report/classes/group.ts";
import { compareDivergences } from "../report/order.ts";
import type { FoundDivergence } from "../report/schema.ts";
import type { Triage } from "../report/triage-schema.ts";
import { blockName } from "../text/block-name.ts";
import { TrialSource } from "../triage/open-trial.ts";
import { type MinorDivergence, OwnCheck } from "../triage/own-check.ts";
import { triageDivergences } from "../triage/triage-run.ts";
import { type EngineFault, type EngineFaultContext, engineFault, triageFault } from "./engine-fault.ts";

export interface ReplayTriageRequest {
  readonly divergences: readonly FoundDivergence[];
  /** What engines reject them for, by the block's hash. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** The old database, open, and its folder. */
  readonly database: OpenDatabase;
  readonly db: string;
  /** Where files go: the report's folder. */
  readonly folder: string;
  /** The engine of a shard, where it can be asked for traces. */
  readonly addressOf: (fullShardId: number) => EngineAddress | undefined;
  /** The command that meets the divergences again; DIR stands for the database's folder. */
  readonly again: string;
  /** No further block is looked at once this says so. */
  readonly shouldStop: () => boolean;
}

export interface ReplayTriage {
  /** With their classes, in the order of the chain. */
  readonly divergences: readonly FoundDivergence[];
  /** By the hash of the block. */
  readonly triages: ReadonlyMap<string, Triage>;
  /** Blocks, by their hash, that an engine is at fault for. */
  readonly faults: ReadonlySet<string>;
  readonly warnings: readonly string[];
}

/**
 * Looks closer at what ended a replay, on the states of the old database. What differs there too is the chain's, and is
 * looked at as `qkc checkdb` does; what does not is the engine's. Never throws for a single block: what fails is a warning.
 */
export async function triageReplay(request: ReplayTriageRequest): Promise<ReplayTriage> {
  const { database, db, folder, shouldStop } = request;
  const warnings: string[] = [];
  const triages = new Map<string, Triage>();
  const context = faultContext(request, (message) => warnings.push(message));
  const { divergences, faults } = await classify(request, context);
  const inChain = divergences.filter(({ hash }) => !faults.has(hash));
  const open = { db, configPath: database.configPath, rootTip: undefined, verifyChecksums: "default" } as const;
  const chains = await triageDivergences({ ...open, divergences: inChain, folder, shouldStop });
  for (const { hash } of firstOfEachClass(divergences)) {
    const fault = faults.get(hash);
    if (fault === undefined || shouldStop()) continue;
    await unlessItFails(fault.divergence, context, async () => {
      triages.set(hash, await triageFault(fault, context));
    });
  }
  return {
    divergences: divergences.map((one) => ({ ...one, class: chains.classes.get(one.hash) ?? one.class })),
    triages: new Map([...chains.triages, ...triages]),
    faults: new Set(faults.keys()),
    warnings: [...chains.warnings, ...warnings],
  };
}

function faultContext(
  { database, folder, refusals, addressOf, again }: ReplayTriageRequest,
  warn: EngineFaultContext["warn"],
): EngineFaultContext {
  return { source: database.source, trials: new TrialSource(database), folder, refusals, addressOf, again, warn };
}

/** Names the cause of each divergence: the chain's, as a check does, or the engine's. */
async function classify({ divergences, database, shouldStop }: ReplayTriageRequest, context: EngineFaultContext) {
  const own = new OwnCheck(database);
  const faults = new Map<string, EngineFault>();
  const classed: FoundDivergence[] = [];
  for (const divergence of divergences.toSorted(compareDivergences)) {
    // Signals are heard between blocks.
    await setImmediate();
    if (!isMinor(divergence) || shouldStop()) {
      classed.push(divergence);
      continue;
    }
    let cause = brokenRules(divergence);
    await unlessItFails(divergence, context, async () => {
      const verdict = await own.verdictOn(divergence);
      if (verdict.kind === "unknown") throw new Error(verdict.reason);
      if (verdict.kind === "differs") {
        cause = causeOf(verdict.divergence);
        noteOtherResult(divergence, verdict.divergence, context.warn);
        return;
      }
      const fault = await engineFault(divergence, context);
      faults.set(divergence.hash, fault);
      cause = causeOf(fault.divergence);
    });
    classed.push({ ...divergence, class: cause?.name ?? null, switches: [...(cause?.switches ?? [])] });
  }
  for (const warning of own.warnings) context.warn(warning);
  return { divergences: classed, faults };
}

function isMinor(divergence: FoundDivergence): divergence is MinorDivergence {
  return divergence.fullShardId !== null;
}

/** Broken rules need no execution to be told by. */
function brokenRules({ violations }: FoundDivergence): Cause | null {
  const codes = violations.map(({ code }) => code).filter((code) => code !== "EXECUTION_INVALID");
  return codes.length === 0 ? null : causeWithout(ruleClass(codes));
}

function causeOf({ class: name, switches }: FoundDivergence): Cause | null {
  return name === null ? null : { name, switches };
}

/** A block may differ from what it declares, and an engine from both. */
function noteOtherResult(engines: MinorDivergence, ours: FoundDivergence, warn: (message: string) => void): void {
  const said = resultText(engines);
  const computed = resultText(ours);
  if (said === computed) return;
  warn(`${blockName(engines)}: the engine comes to something else than our own execution: ${said}, not ${computed}`);
}

function resultText({ fields, violations }: FoundDivergence): string {
  const texts = [...fields.map(({ field, computed }) => `${field} ${computed}`), ...violations.map(({ code }) => code)];
  return texts.join(", ");
}

async function unlessItFails(
  divergence: MinorDivergence,
  { warn }: EngineFaultContext,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const reason = reasonOf(error);
    warn(`${blockName(divergence)} differs; a closer look at it failed: ${reason}`);
  }
}
