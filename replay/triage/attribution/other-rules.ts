import type { MinorBlock } from "../../../node/chain/minor-block.ts";
import { type Hash32, toHex } from "../../../node/codec/bytes.ts";
import { QkcError } from "../../../node/codec/errors.ts";
import type { OpenDatabase } from "../../database/open-database.ts";
import { matchesDeclared } from "../../execution/declared-differences.ts";
import type { CheckedBlock } from "../../execution/findings.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { ShardRig } from "../../execution/shard-rig.ts";
import { type BlockTrial, trialOf } from "../../execution/trial.ts";
import { blockName } from "../../text/block-name.ts";
import { type ClientRules, OTHER_RULES, OTHER_SWITCHES, otherRulesWith } from "../client-rules.ts";

/** Rules of the other client that match what a block declares. */
export interface OtherExplanation {
  /** Names of the switches without which they do not. */
  readonly switches: readonly string[];
  /** A sentence that says so. */
  readonly note: string;
}

/**
 * An explanation for a block that differs under the rules it is judged by, where the other client's rules come to exactly
 * what it declares; else undefined.
 */
export function otherRulesExplain(
  place: CheckedBlock,
  database: OpenDatabase,
  rig: ShardRig,
  block: MinorBlock,
  parentRoot: Hash32,
): OtherExplanation | undefined {
  const trial = trialOf(rig, block, parentRoot);
  const comesToIt = (rules: ClientRules) => declaredByRules(database, rig, trial, rules);
  if (!comesToIt(OTHER_RULES)) return undefined;
  const needed = new Set(OTHER_SWITCHES);
  for (const name of OTHER_SWITCHES) {
    needed.delete(name);
    if (!comesToIt(otherRulesWith(needed))) needed.add(name);
  }
  const switches = [...needed];
  const note =
    `${blockName(place)} (${toHex(place.hash)}) differs, ` +
    `but the rules of ${OTHER_RULES.name} give exactly what it declares (${switches.join(" with ") || "no switch needed"})`;
  return { switches, note };
}

/** The verdict stands without an explanation: where these rules fail to execute, they explain nothing. */
function declaredByRules(
  { source, config }: OpenDatabase,
  rig: ShardRig,
  trial: BlockTrial,
  rules: ClientRules,
): boolean {
  const { block, fullShardId, nodes } = trial;
  try {
    const { senderDisallowMap } = rig.cl.inputsOf(block, rules.consensus);
    const executor = rulesExecutor(config.quarkchain, fullShardId, rules.execution);
    const outcome = executor.execute({ ...trial.payload, senderDisallowMap }, nodes);
    return matchesDeclared(source, rig, block)(outcome);
  } catch (error) {
    if (error instanceof QkcError && error.code !== "INTERNAL") return false;
    throw error;
  }
}
