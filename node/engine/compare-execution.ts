import { type CrossShardDeposit, encodeDepositList, isSameDeposit } from "../chain/deposit.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { toHex } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import type { ExecutionResult } from "../el/payload.ts";
import { compareDeclared } from "./compare-block.ts";
import type { FieldMismatch } from "./engine-api.ts";

/** One field of a block on which the database and the execution disagree; values as people read them. */
export type FieldDifference = FieldMismatch;

/** The deposits one destination shard has stored for a block. */
export interface StoredSends {
  readonly fullShardId: number;
  readonly deposits: readonly CrossShardDeposit[];
}

const SENDS_FIELD = "xshardSends";

/** What is compared of an execution, whoever made it. */
type ComparedExecution = Omit<ExecutionResult, "receipts" | "senders">;

/**
 * Differences between what the block declares and what its execution computed: every field, never only the first
 * (pyquarkchain cluster/shard_state.py add_block stops at the first).
 */
export function compareExecution(
  block: MinorBlock,
  computed: ComparedExecution,
  stored: readonly StoredSends[],
  sendsTo: (fullShardId: number) => readonly CrossShardDeposit[],
): FieldDifference[] {
  return [...compareDeclared(block, computed), ...compareSends(stored, sendsTo)];
}

/** Names of the fields alone: what one list has of deposits may be more than can be hashed for every question about it. */
export function differingFields(
  block: MinorBlock,
  computed: ComparedExecution,
  stored: readonly StoredSends[],
  sendsTo: (fullShardId: number) => readonly CrossShardDeposit[],
): string[] {
  const fields = compareDeclared(block, computed).map(({ field }) => field);
  const sendsMatch = stored.every(({ fullShardId, deposits }) => areSameDeposits(deposits, sendsTo(fullShardId)));
  return sendsMatch ? fields : [...fields, SENDS_FIELD];
}

/** One difference for all destinations; it names those that differ. */
function compareSends(
  stored: readonly StoredSends[],
  sendsTo: (fullShardId: number) => readonly CrossShardDeposit[],
): FieldDifference[] {
  const differing = stored
    .filter(({ fullShardId, deposits }) => !areSameDeposits(deposits, sendsTo(fullShardId)))
    .map(({ fullShardId, deposits }) => ({
      declared: `to ${fullShardId}: ${sendsText(deposits)}`,
      computed: `to ${fullShardId}: ${sendsText(sendsTo(fullShardId))}`,
    }));
  if (differing.length === 0) return [];
  const join = (texts: readonly string[]) => texts.join("; ");
  return [
    {
      field: SENDS_FIELD,
      declared: join(differing.map(({ declared }) => declared)),
      computed: join(differing.map(({ computed }) => computed)),
    },
  ];
}

function areSameDeposits(a: readonly CrossShardDeposit[], b: readonly CrossShardDeposit[]): boolean {
  return a.length === b.length && a.every((deposit, i) => isSameDeposit(deposit, b[i]));
}

function sendsText(deposits: readonly CrossShardDeposit[]): string {
  return `${deposits.length} deposits, keccak ${toHex(keccak256(encodeDepositList(deposits)))}`;
}
