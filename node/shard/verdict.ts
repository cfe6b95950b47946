import type { CrossShardDeposit } from "../chain/deposit.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { differencesOf, type RuleViolation } from "../cl/rule-violation.ts";
import { type Hash32, toHex } from "../codec/bytes.ts";
import type { DueDeposit } from "../el/payload.ts";
import type { ExecutionAnswer } from "../engine/client/engine-calls.ts";
import { compareExecution, type FieldDifference, type StoredSends } from "../engine/compare-execution.ts";
import type { ComputedBlock, Refusal, ValidationError } from "../engine/engine-api.ts";

/** Everything against which an engine's answer is held. */
export interface BlockExpectation {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  /** Rules that the block breaks by itself. */
  readonly violations: readonly RuleViolation[];
  /** As many deposits as the block's declared cursor says that it consumes. */
  readonly consumed: readonly CrossShardDeposit[];
  /** Lists that somebody is known to have stored for the block; none where nobody can know. */
  readonly stored: readonly StoredSends[];
  /** What goes to each shard of what an engine says the block sends. */
  readonly sendsTo: (computed: ComputedBlock) => (fullShardId: number) => readonly CrossShardDeposit[];
}

/** What is wrong with a block, as people read it. */
interface Violation {
  readonly code: string;
  readonly message: string;
}

export interface BlockVerdict {
  readonly differences: readonly FieldDifference[];
  readonly violations: readonly Violation[];
  /** What the engine rejects the block for; undefined where it executes it. */
  readonly refusal?: Refusal;
}

/** Everything that is wrong with a block or with what an engine says of it; the engine's own verdict proves nothing. */
export function judge(expected: BlockExpectation, answer: ExecutionAnswer): BlockVerdict {
  const { computed, objection } = answer;
  const differences = [
    ...differencesOf(expected.violations),
    ...(computed === null ? [] : compareComputed(expected, computed)),
  ];
  const violations: Violation[] = [...expected.violations];
  const contradiction = objectionText(objection, differences.length > 0);
  if (contradiction !== undefined) violations.push({ code: "EXECUTION_INVALID", message: contradiction });
  if (objection?.kind !== "rejected") return { differences, violations };
  const { transactionIndex, refusal } = objection;
  return {
    differences,
    violations,
    refusal: refusal === undefined ? { transactionIndex } : { transactionIndex, refusal },
  };
}

function compareComputed(expected: BlockExpectation, computed: ComputedBlock): FieldDifference[] {
  const { hash, block, consumed, stored, sendsTo } = expected;
  const compared = compareExecution(block, computed, stored, sendsTo(computed));
  // What follows from a field that differs, or from its cursor, says nothing of its own.
  if (compared.length > 0) return compared;
  return [
    ...differing("metaHash", toHex(block.header.metaHash), toHex(computed.metaHash)),
    ...differing("headerHash", toHex(hash), toHex(computed.blockHash)),
    ...differing("depositsConsumed", `${consumed.length}`, `${computed.depositsConsumed}`),
  ];
}

function differing(field: string, declared: string, computed: string): FieldDifference[] {
  return declared === computed ? [] : [{ field, declared, computed }];
}

/** An objection that only names fields which were found to differ says nothing new. */
function objectionText(objection: ValidationError | undefined, differs: boolean): string | undefined {
  if (objection === undefined) return undefined;
  if (objection.kind === "mismatch") {
    if (differs) return undefined;
    const fields = objection.fields.map(({ field, declared, computed }) => `${field} ${declared} ≠ ${computed}`);
    return `the engine refuses a block whose execution agrees with it: ${fields.join(", ") || "no field named"}`;
  }
  const { transactionIndex, reason } = objection;
  return transactionIndex === null ? reason : `transaction ${transactionIndex}: ${reason}`;
}

/** The deposits that a block declares to consume: those up to its cursor, or all where that names none of them. */
export function consumedUpTo({ meta }: MinorBlock, due: Iterable<DueDeposit>): CrossShardDeposit[] {
  const { rootBlockHeight, minorBlockIndex, xshardDepositIndex } = meta.xshardCursor;
  const consumed: CrossShardDeposit[] = [];
  for (const { deposit, cursor } of due) {
    consumed.push(deposit);
    if (
      cursor.rootBlockHeight === rootBlockHeight &&
      cursor.minorBlockIndex === minorBlockIndex &&
      cursor.xshardDepositIndex === xshardDepositIndex
    ) {
      break;
    }
  }
  return consumed;
}

/** Whether nothing is wrong. */
export function isClean({ differences, violations }: BlockVerdict): boolean {
  return differences.length === 0 && violations.length === 0;
}
