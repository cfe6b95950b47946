import { type CrossShardDeposit, encodeDepositList } from "../chain/deposit.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { bytesEqual, toHex } from "../codec/bytes.ts";
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

/** Whether there are none, without a word about them. */
export function matchesExecution(
  block: MinorBlock,
  computed: ComparedExecution,
  stored: readonly StoredSends[],
  sendsTo: (fullShardId: number) => readonly CrossShardDeposit[],
): boolean {
  const sendsMatch = () => stored.every(({ fullShardId, deposits }) => sameDeposits(deposits, sendsTo(fullShardId)));
  return compareDeclared(block, computed).length === 0 && sendsMatch();
}

/** One difference for all destinations; it names those that differ. */
function compareSends(
  stored: readonly StoredSends[],
  sendsTo: (fullShardId: number) => readonly CrossShardDeposit[],
): FieldDifference[] {
  const differing = stored
    .filter(({ fullShardId, deposits }) => !sameDeposits(deposits, sendsTo(fullShardId)))
    .map(({ fullShardId, deposits }) => ({
      declared: `to ${fullShardId}: ${sendsText(deposits)}`,
      computed: `to ${fullShardId}: ${sendsText(sendsTo(fullShardId))}`,
    }));
  if (differing.length === 0) return [];
  const join = (texts: readonly string[]) => texts.join("; ");
  return [
    {
      field: "xshardSends",
      declared: join(differing.map(({ declared }) => declared)),
      computed: join(differing.map(({ computed }) => computed)),
    },
  ];
}

function sameDeposits(a: readonly CrossShardDeposit[], b: readonly CrossShardDeposit[]): boolean {
  if (a.length !== b.length) return false;
  return a.length === 0 || bytesEqual(encodeDepositList(a), encodeDepositList(b));
}

function sendsText(deposits: readonly CrossShardDeposit[]): string {
  return `${deposits.length} deposits, keccak ${toHex(keccak256(encodeDepositList(deposits)))}`;
}
