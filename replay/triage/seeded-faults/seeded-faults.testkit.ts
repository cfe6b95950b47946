import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { encodeReceipt } from "../../../node/chain/receipt.ts";
import { bytesEqual } from "../../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import type { ExecutionPayload } from "../../../node/el/payload.ts";
import { compareDeclared } from "../../../node/engine/compare-block.ts";
import type { OpenDatabase } from "../../database/open-database.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import type { StepDivergence } from "../../report/triage-schema.ts";
import { declaredOutcome, outcomeOf } from "../locality/declared-outcome.ts";
import { type Locality, locate } from "../locality/locality.ts";
import { TrialSource } from "../open-trial.ts";
import { makeReproducer } from "../reproducer/make-reproducer.ts";
import { differencesUnder, reproduce } from "../reproducer/reproduce.ts";
import { readReproducer, reproducerText } from "../reproducer/reproducer-file.ts";
import { firstDivergingStep } from "../steps/first-diverging-step.ts";
import { firstDifferingUnit } from "../units/differing-unit.ts";
import { recordUnits } from "../units/record-units.ts";
import { type Family, type Fault, type FaultyExecutor, faultyExecutor } from "./fault.testkit.ts";
import { GAS_FAULTS } from "./gas-faults.testkit.ts";
import { INTERPRETER_FAULTS } from "./interpreter-faults.testkit.ts";
import { CURSOR_FAULTS, FEE_FAULTS, RECEIPT_FAULTS } from "./result-faults.testkit.ts";
import { STATE_FAULTS } from "./state-faults.testkit.ts";

const FAULTS: Readonly<Record<Family, readonly Fault[]>> = {
  interpreter: INTERPRETER_FAULTS,
  gas: GAS_FAULTS,
  state: STATE_FAULTS,
  receipts: RECEIPT_FAULTS,
  cursor: CURSOR_FAULTS,
  fees: FEE_FAULTS,
};

/** Blocks in which a fault is sought, each with how it is executed rightly. */
export interface FaultyBlocks {
  readonly database: OpenDatabase;
  readonly source: TrialSource;
  readonly config: QuarkChainConfig;
  readonly trials: readonly BlockTrial[];
}

/** All blocks of a database that have deposits or transactions. */
export async function blocksOf(database: OpenDatabase): Promise<FaultyBlocks> {
  const source = new TrialSource(database);
  const trials: BlockTrial[] = [];
  for (const fullShardId of database.source.fullShardIds) {
    const shard = source.rig(fullShardId).source;
    for (let height = 1; shard.canonicalHashAt(height) !== undefined; height++) {
      const trial = await source.trial({ fullShardId, height });
      if (trial.payload.transactions.length > 0 || [...trial.payload.deposits].length > 0) trials.push(trial);
    }
  }
  return { database, source, config: source.config, trials };
}

/** A seeded choice of faults, and for each the block that shows it: of every family as many as asked for. */
export function chooseFaults(
  blocks: FaultyBlocks,
  counts: Readonly<Record<Family, number>>,
  seed: number,
): { readonly fault: Fault; readonly trial: BlockTrial }[] {
  const random = randomNumbers(seed);
  return Object.entries(FAULTS).flatMap(([family, all]) => {
    const chosen: { fault: Fault; trial: BlockTrial }[] = [];
    for (const fault of shuffled(all, random)) {
      if (chosen.length === counts[family as Family]) break;
      const trial = shuffled(blocks.trials, random).find((candidate) => shows(blocks.config, candidate, fault));
      if (trial !== undefined) chosen.push({ fault, trial });
    }
    return chosen;
  });
}

export function faultNamed(name: string): Fault {
  const fault = Object.values(FAULTS)
    .flat()
    .find((one) => one.name === name);
  if (fault === undefined) throw new RangeError(`no fault ${name}`);
  return fault;
}

/** What was found out about a block that was executed with a fault. */
export interface Examination {
  readonly fault: Fault;
  readonly executor: FaultyExecutor;
  /** Fields of the block that differ from what it declares. */
  readonly fields: readonly string[];
  readonly unit: ExecutionUnit | undefined;
  /** What differs in it. */
  readonly unitFields: readonly string[];
  /** Found without any of it: the first unit behind which the results are not the same. */
  readonly trueUnit: Pick<ExecutionUnit, "kind" | "index"> | undefined;
  readonly locality: Locality;
  readonly step: StepDivergence | undefined;
  /** Where the fault acted in the unit. */
  readonly hits: FaultyExecutor["hits"];
  readonly reproducerBytes: number;
  readonly failsWithFault: boolean;
  readonly passesWithout: boolean;
}

/** The whole closer look, with the rules as they are against the faulty execution. */
export function examine({ database, source, config }: FaultyBlocks, fault: Fault, trial: BlockTrial): Examination {
  const honest = rulesExecutor(config, trial.fullShardId, QUARKCHAIN_RULES);
  const executor = faultyExecutor(config, trial.fullShardId, fault);
  const [expected, records] = [recordUnits(trial, honest), recordUnits(trial, executor)];
  const { hits } = executor;
  const difference = firstDifferingUnit(expected, records);
  const found = difference?.unit;
  const acted = hits.filter(({ unit }) => unit?.kind === found?.kind && unit?.index === found?.index);
  const { cl } = source.rig(trial.fullShardId);
  const locality = locate({
    trial,
    declared: declaredOutcome(database.source, cl, trial),
    computed: outcomeOf(records.result, cl, trial),
    executions: [records, expected],
  });
  const step = firstDivergingStep(trial, honest, executor, found);
  const reproducer = makeReproducer({
    id: fault.name,
    trial,
    config,
    rules: QUARKCHAIN_RULES.name,
    reference: honest,
    tested: executor,
  });
  const text = reproducer === undefined ? "" : reproducerText(reproducer);
  const read = text === "" ? undefined : readReproducer(text, fault.name);
  return {
    fault,
    executor,
    fields: fieldsOf(trial, records.result),
    unit: found,
    unitFields: difference?.fields ?? [],
    trueUnit: firstUnitThatDiffers(trial, honest, executor),
    locality,
    step,
    hits: acted,
    reproducerBytes: text.length,
    failsWithFault: read !== undefined && differencesUnder(read, executor).length > 0,
    passesWithout: read !== undefined && reproduce(read).differences.length === 0,
  };
}

/** One line of the table. */
export function rowOf(trial: BlockTrial, { fault, fields, unit, step }: Examination): string {
  const place = `${trial.fullShardId}:${trial.height}`;
  const at = step?.testedStep ?? step?.referenceStep;
  const parting = step === undefined ? "none" : `${step.what}${at ? ` at ${at.opcode} pc ${at.pc}` : ""}`;
  return [`${fault.family}: ${fault.name}`, place, fields.join(" "), unitText(unit), parting].join(" | ");
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

export function unitText(unit: Pick<ExecutionUnit, "kind" | "index"> | undefined): string {
  return unit === undefined ? "no unit" : `${unit.kind} ${unit.index}`;
}

function fieldsOf({ block }: BlockTrial, result: NewPayloadResult): string[] {
  if (result.status === "INVALID") return ["invalid"];
  return compareDeclared(block, result.computed).map(({ field }) => field);
}

function shows(config: QuarkChainConfig, trial: BlockTrial, fault: Fault): boolean {
  try {
    const result = faultyExecutor(config, trial.fullShardId, fault).execute(trial.payload, trial.nodes);
    return fieldsOf(trial, result).length > 0;
  } catch {
    // Quantities that the fault drove out of range.
    return false;
  }
}

/** By executing more and more of the block both ways: the unit behind which states or receipts are not the same. */
function firstUnitThatDiffers(trial: BlockTrial, honest: Executor, faulty: Executor): Examination["trueUnit"] {
  const deposits = [...trial.payload.deposits].slice(0, depositsConsumed(trial, honest));
  const { transactions } = trial.payload;
  for (let count = 1; count <= deposits.length + transactions.length; count++) {
    const part: ExecutionPayload = {
      ...trial.payload,
      deposits: deposits.slice(0, count),
      transactions: transactions.slice(0, Math.max(0, count - deposits.length)),
      blockReward: new Map(),
    };
    if (differsOn(part, trial, honest, faulty)) {
      const place = count - 1;
      if (place < deposits.length) return { kind: "deposit", index: place };
      return { kind: "transaction", index: place - deposits.length };
    }
  }
  return differsOn(trial.payload, trial, honest, faulty) ? { kind: "reward", index: 0 } : undefined;
}

function depositsConsumed({ payload, nodes }: BlockTrial, honest: Executor): number {
  const result = honest.execute(payload, nodes);
  return result.status === "INVALID" ? 0 : result.computed.depositsConsumed;
}

function differsOn(payload: ExecutionPayload, { nodes }: BlockTrial, honest: Executor, faulty: Executor): boolean {
  const [a, b] = [honest.execute(payload, nodes), faulty.execute(payload, nodes)];
  if (a.status === "INVALID" || b.status === "INVALID") return a.status !== b.status;
  const [ours, theirs] = [a.computed, b.computed];
  if (!bytesEqual(ours.stateRoot, theirs.stateRoot) || ours.receipts.length !== theirs.receipts.length) return true;
  return ours.receipts.some((receipt, i) => !bytesEqual(encodeReceipt(receipt), encodeReceipt(theirs.receipts[i])));
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
