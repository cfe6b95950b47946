import { toHex } from "../../node/codec/bytes.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import { clientRows } from "../database/client-rows.ts";
import { findMinorBlock } from "../database/find-block.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { minorReference } from "../database/reference.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial } from "../execution/trial.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { note, print } from "../terminal/print.ts";
import { whatifRules } from "../terminal/rules-option.ts";
import { blockName, shardName } from "../text/block-name.ts";
import { colorsFor } from "../text/colors.ts";
import { declaredOutcome } from "../triage/locality/declared-outcome.ts";
import { TrialSource } from "../triage/open-trial.ts";
import { recordUnits } from "../triage/units/record-units.ts";
import { type BlockDiff, blockDiff, executedSide } from "./block-diff.ts";
import { diffText } from "./diff-text.ts";

export interface DiffRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  /** Hash of the root block to take as the tip; absent: the database's own. */
  readonly rootTip?: string;
  /** SHARD:HEIGHT, SHARD:tip or a hash. */
  readonly block: string;
  /** Text of a rule set; undefined: the chain's own. */
  readonly rules: string | undefined;
  /** Text of a rule set; undefined: what the block declares is the other side. */
  readonly against: string | undefined;
  readonly json: boolean;
}

/** `qkc diff`. Throws what keeps it from an answer. */
export async function runDiff(request: DiffRequest): Promise<ExitCode> {
  const rules = request.rules === undefined ? QUARKCHAIN_RULES : whatifRules(request.rules);
  const against = request.against === undefined ? undefined : whatifRules(request.against);
  const { db, configPath, rootTip } = request;
  const database = openDatabase({ db, configPath, rootTip, verifyChecksums: "default" });
  try {
    const trials = new TrialSource(database);
    const trial = await trials.trial(blockPlace(database, request.block));
    const diff =
      against === undefined ? withDeclared(database, trials, trial, rules) : between(trials, trial, rules, against);
    for (const warning of trials.warnings) note(warning);
    printDiff(diff, trial, request.json);
    return isSame(diff) ? EXIT.clean : EXIT.divergent;
  } finally {
    database.source.close();
  }
}

function blockPlace({ source, config }: OpenDatabase, text: string) {
  const inspected = { source, rows: clientRows(source), config, tokens: [] };
  const { block, hash } = findMinorBlock(inspected, minorReference(text));
  return { fullShardId: block.header.branch, hash };
}

function withDeclared({ source }: OpenDatabase, trials: TrialSource, trial: BlockTrial, rules: Rules): BlockDiff {
  const rig = trials.rig(trial.fullShardId);
  const records = recordUnits(trial, rulesExecutor(trials.config, trial.fullShardId, rules));
  const declared = { name: "declared", outcome: declaredOutcome(source, rig.cl, trial), records: undefined };
  const computed = { ...executedSide(`computed (${rules.name})`, records, rig.cl, trial), records };
  return blockDiff(trial, declared, computed);
}

function between(trials: TrialSource, trial: BlockTrial, left: Rules, right: Rules): BlockDiff {
  const { cl } = trials.rig(trial.fullShardId);
  const side = (rules: Rules) => {
    const records = recordUnits(trial, rulesExecutor(trials.config, trial.fullShardId, rules));
    return { ...executedSide(rules.name, records, cl, trial), records };
  };
  return blockDiff(trial, side(left), side(right));
}

function isSame({ fields, receipts, state }: BlockDiff): boolean {
  return fields.length === 0 && (receipts ?? []).length === 0 && state.differences.length === 0;
}

function printDiff(diff: BlockDiff, { fullShardId, height, hash }: BlockTrial, json: boolean): void {
  if (json) {
    print(`${JSON.stringify({ fullShardId, height, hash: toHex(hash), ...diff }, null, 2)}\n`);
    return;
  }
  const title = `${blockName({ fullShardId, height }, shardName)}, hash ${toHex(hash)}`;
  print(`${diffText(diff, title, colorsFor(process.stdout.isTTY, process.env))}\n`);
}
