import { UsageError } from "../../node/codec/errors.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../execution/trial.ts";
import { note } from "../terminal/print.ts";
import { whatifRules } from "../terminal/rules-option.ts";
import { TrialSource } from "../triage/open-trial.ts";
import { type FoundUnits, unitOfTransaction, unitsOfBlock } from "./find-units.ts";

/** What to execute, and by which rules. */
export interface TracedRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly tx?: string;
  readonly block?: string;
  /** Where a transaction is looked for; undefined: everywhere, the shard it was sent in first. */
  readonly shard?: number;
  /** Rule sets as texts; undefined: the chain's own. */
  readonly rules?: string;
  /** Undefined: nothing is compared. */
  readonly against?: string;
}

export interface OpenedTrial {
  readonly found: FoundUnits;
  readonly trial: BlockTrial;
  readonly tested: Executor;
  readonly reference: Executor | undefined;
}

/** Works on what a command line names, while its database is open. */
export async function withTrial<T>(request: TracedRequest, work: (opened: OpenedTrial) => T): Promise<T> {
  const { db, configPath, rules, against } = request;
  const tested = rules === undefined ? QUARKCHAIN_RULES : whatifRules(rules);
  const reference = against === undefined ? undefined : whatifRules(against);
  const database = openDatabase({ db, configPath, rootTip: undefined, verifyChecksums: "default" });
  try {
    const found = unitsOf(database, request);
    const source = new TrialSource(database);
    const trial = await source.trial(found.place);
    for (const warning of source.warnings) note(`note: ${warning}`);
    const executor = (of: typeof tested) => rulesExecutor(source.config, trial.fullShardId, of);
    return work({ found, trial, tested: executor(tested), reference: reference && executor(reference) });
  } finally {
    database.source.close();
  }
}

/** Says on stderr why an execution did not come to the block's end. */
export function noteRejection({ name }: Executor, result: NewPayloadResult): void {
  if (result.status !== "INVALID") return;
  const { transactionIndex, reason } = result.rejection;
  const what = transactionIndex === undefined ? "the block" : `transaction ${transactionIndex}`;
  note(`note: by the rules of ${name} ${what} is refused: ${reason}`);
}

export function notReached({ fullShardId, height }: BlockTrial, { name }: Executor): UsageError {
  return new UsageError(`block ${height} of shard ${fullShardId} does not come to it by the rules of ${name}`);
}

function unitsOf(database: OpenDatabase, { tx, block, shard }: TracedRequest): FoundUnits {
  if (tx !== undefined) return unitOfTransaction(database, tx, shard);
  if (block !== undefined) return unitsOfBlock(database, block);
  throw new UsageError("say what to trace: --tx HASH or --block SHARD:HEIGHT");
}
