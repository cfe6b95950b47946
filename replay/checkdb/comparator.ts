import { type CrossShardDeposit, encodeDepositList } from "../../node/chain/deposit.ts";
import type { MinorBlock, XshardCursor } from "../../node/chain/minor-block.ts";
import type { TokenBalances } from "../../node/chain/token-balances.ts";
import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";

/** One field of a block on which the database and the execution disagree; values as people read them. */
export interface FieldDifference {
  readonly field: string;
  readonly declared: string;
  readonly computed: string;
}

/** The deposits one destination shard has stored for a block. */
export interface StoredSends {
  readonly fullShardId: number;
  readonly deposits: readonly CrossShardDeposit[];
}

/**
 * Differences between what the block declares and what its execution computed: every field, never only the first
 * (pyquarkchain cluster/shard_state.py add_block stops at the first).
 */
export function compareExecution(
  block: MinorBlock,
  computed: ExecutionResult,
  stored: readonly StoredSends[],
  sendsTo: (fullShardId: number) => readonly CrossShardDeposit[],
): FieldDifference[] {
  const { header, meta } = block;
  return [
    ...compareBytes("stateRoot", meta.stateRoot, computed.stateRoot),
    ...compareBytes("receiptRoot", meta.receiptRoot, computed.receiptRoot),
    ...compareBytes("bloom", header.bloom, computed.bloom),
    ...compareText("gasUsed", `${meta.gasUsed}`, `${computed.gasUsed}`),
    ...compareText("xshardReceiveGasUsed", `${meta.xshardReceiveGasUsed}`, `${computed.xshardReceiveGasUsed}`),
    ...compareText("xshardCursor", cursorText(meta.xshardCursor), cursorText(computed.xshardCursor)),
    ...compareText("coinbaseAmounts", amountsText(header.coinbaseAmounts), amountsText(computed.coinbaseAmounts)),
    ...compareSends(stored, sendsTo),
  ];
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

function compareBytes(field: string, declared: Uint8Array, computed: Uint8Array): FieldDifference[] {
  return bytesEqual(declared, computed) ? [] : [{ field, declared: toHex(declared), computed: toHex(computed) }];
}

function compareText(field: string, declared: string, computed: string): FieldDifference[] {
  return declared === computed ? [] : [{ field, declared, computed }];
}

/** root height/minor index/deposit index. */
function cursorText(cursor: XshardCursor): string {
  return `${cursor.rootBlockHeight}/${cursor.minorBlockIndex}/${cursor.xshardDepositIndex}`;
}

/**
 * token id:amount, sorted. A token that execution names with amount 0 stays: pyquarkchain compares the maps as they
 * are, and a header cannot carry a zero amount (core.py TokenBalanceMap), so such a block is refused.
 */
function amountsText(amounts: TokenBalances): string {
  const rows = [...amounts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return rows.map(([tokenId, amount]) => `${tokenId}:${amount}`).join(" ");
}
