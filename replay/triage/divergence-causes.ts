import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { Hash32 } from "../../node/codec/bytes.ts";
import { reasonOf } from "../../node/codec/errors.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { matchesDeclared } from "../execution/declared-differences.ts";
import type { CheckedBlock, Findings } from "../execution/findings.ts";
import type { CauseFinder, DifferingBlock, FindCauses } from "../execution/minor-check.ts";
import type { ShardRig } from "../execution/shard-rig.ts";
import { trialOf } from "../execution/trial.ts";
import type { Cause } from "../report/classes/class-name.ts";
import { blockName } from "../text/block-name.ts";
import { otherRulesExplain } from "./attribution/other-rules.ts";
import { Classifier } from "./classes/classifier.ts";
import { declaredOutcome } from "./locality/declared-outcome.ts";

/**
 * More transactions and deposits than any block of mainnet can have: its gas limit has room for some thousand. Each of
 * 60 or so rules that might explain a difference executes all of them once more.
 */
const MOST_UNITS = 10_000;

/** The causes that triage finds, for a check. */
export const findCauses: FindCauses = (database, findings, tested) => new DivergenceCauses(database, findings, tested);

class DivergenceCauses implements CauseFinder {
  readonly #database: OpenDatabase;
  readonly #findings: Findings;
  readonly #tested: Rules;
  readonly #classifier: Classifier;

  constructor(database: OpenDatabase, findings: Findings, tested: Rules) {
    this.#database = database;
    this.#findings = findings;
    this.#tested = tested;
    this.#classifier = new Classifier(database.config.quarkchain, tested);
  }

  /**
   * The cause of a block, and a warning where it may be one that the other client made. Null where
   * the search itself fails or would not end, with a warning: the divergence stands all the same.
   */
  causeOf(place: CheckedBlock, { rig, block, parentRoot, outcome, fields }: DifferingBlock): Cause | null {
    const units = unitsOf(outcome);
    if (units > MOST_UNITS) {
      this.#findings.warnings.add(
        `${blockName(place)} differs; its ${units} transactions and deposits are too many to search for the cause`,
      );
      return null;
    }
    try {
      const switches = this.noteOtherRules(place, rig, block, parentRoot);
      const trial = trialOf(rig, block, parentRoot);
      const { source } = this.#database;
      const matches = matchesDeclared(source, rig, block);
      const declared = () => declaredOutcome(source, rig.cl, trial);
      return this.#classifier.causeOf({ cl: rig.cl, trial, declared, matches, outcome, fields }, switches);
    } catch (error) {
      const reason = reasonOf(error);
      this.#findings.warnings.add(`${blockName(place)} differs; the search for the cause failed: ${reason}`);
      return null;
    }
  }

  /** The switches of the other client's rules that explain the block; none where they do not. */
  noteOtherRules(place: CheckedBlock, rig: ShardRig, block: MinorBlock, parentRoot: Hash32): readonly string[] {
    if (this.#tested !== QUARKCHAIN_RULES) return [];
    const explained = otherRulesExplain(place, this.#database, rig, block, parentRoot);
    if (explained === undefined) return [];
    this.#findings.warnings.add(explained.note);
    return explained.switches;
  }
}

/** How many transactions and deposits were executed; of a refused block's only those before the refusal were. */
function unitsOf(outcome: NewPayloadResult): number {
  return outcome.status === "EXECUTED" ? outcome.computed.receipts.length : 0;
}
