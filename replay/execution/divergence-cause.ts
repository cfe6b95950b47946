import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { Hash32 } from "../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { Classifier } from "../triage/classes/classifier.ts";
import { declaredOutcome } from "../triage/locality/declared-outcome.ts";
import type { FieldDifference } from "./comparator.ts";
import { comesToDeclared } from "./declared-differences.ts";
import type { CheckedBlock, Findings } from "./findings.ts";
import { otherRulesExplain } from "./other-rules.ts";
import type { ShardRig } from "./shard-rig.ts";
import { trialOf } from "./trial.ts";

/** A block whose execution does not bear out what it declares, with no rule broken. */
export interface DifferingBlock {
  readonly rig: ShardRig;
  readonly block: MinorBlock;
  readonly parentRoot: Hash32;
  readonly outcome: NewPayloadResult;
  readonly fields: readonly FieldDifference[];
}

/** Looks for the causes of divergences, one after the other in the order of the check. */
export class DivergenceCauses {
  private readonly database: OpenDatabase;
  private readonly findings: Findings;
  private readonly tested: Rules;
  private readonly classifier: Classifier;

  constructor(database: OpenDatabase, findings: Findings, tested: Rules) {
    this.database = database;
    this.findings = findings;
    this.tested = tested;
    this.classifier = new Classifier(database.config.quarkchain, tested);
  }

  /**
   * Name of the class of a block's cause, and a warning where it may be one that the other client made. Null where
   * the search itself fails, with a warning: the divergence stands all the same.
   */
  classOf(place: CheckedBlock, { rig, block, parentRoot, outcome, fields }: DifferingBlock): string | null {
    try {
      const switches = this.noteOtherRules(place, rig, block, parentRoot);
      const trial = trialOf(rig, block, parentRoot);
      const { source } = this.database;
      const matches = comesToDeclared(source, rig, block);
      const declared = () => declaredOutcome(source, rig.cl, trial);
      return this.classifier.classOf({ cl: rig.cl, trial, declared, matches, outcome, fields }, switches);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.findings.warnings.add(
        `shard ${place.fullShardId} block ${place.height} differs; the search for the cause failed: ${reason}`,
      );
      return null;
    }
  }

  /** The switches of the other client's rules that explain the block; none where they do not. */
  noteOtherRules(place: CheckedBlock, rig: ShardRig, block: MinorBlock, parentRoot: Hash32): readonly string[] {
    if (this.tested !== QUARKCHAIN_RULES) return [];
    const explained = otherRulesExplain(place, this.database, rig, block, parentRoot);
    if (explained === undefined) return [];
    this.findings.warnings.add(explained.note);
    return explained.switches;
  }
}
