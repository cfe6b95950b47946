import { type CrossShardDeposit, encodeDepositList } from "../../node/chain/deposit.ts";
import { merkleRoot } from "../../node/chain/merkle-root.ts";
import { type MinorBlock, minorMetaHash, type XshardCursor } from "../../node/chain/minor-block.ts";
import type { TokenBalances } from "../../node/chain/token-balances.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
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

/** Everything of a block that was declared when it was made. */
export interface DeclaredBlock {
  /** The hash under which root block or parent refer to it. */
  readonly hash: Hash32;
  readonly headerHash: Hash32;
  readonly block: MinorBlock;
}

/** Differences within the block itself: body against header, no execution needed. */
export function compareBody(declared: DeclaredBlock): FieldDifference[] {
  const { header, meta, transactions } = declared.block;
  return [
    ...compareBytes("headerHash", declared.hash, declared.headerHash),
    ...compareBytes("metaHash", header.metaHash, minorMetaHash(meta)),
    ...compareBytes("merkleRoot", meta.merkleRoot, merkleRoot(transactions.map((transaction) => transaction.hash))),
  ];
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
    ...stored.flatMap(({ fullShardId, deposits }) => compareSends(fullShardId, deposits, sendsTo(fullShardId))),
  ];
}

function compareSends(
  fullShardId: number,
  stored: readonly CrossShardDeposit[],
  computed: readonly CrossShardDeposit[],
): FieldDifference[] {
  return compareText(
    "xshardSends",
    `to ${fullShardId}: ${sendsText(stored)}`,
    `to ${fullShardId}: ${sendsText(computed)}`,
  );
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
export function cursorText(cursor: XshardCursor): string {
  return `${cursor.rootBlockHeight}/${cursor.minorBlockIndex}/${cursor.xshardDepositIndex}`;
}

/**
 * token id:amount, sorted. A token that execution names with amount 0 stays: pyquarkchain compares the maps as they
 * are, and a header cannot carry a zero amount (core.py TokenBalanceMap), so such a block is refused.
 */
export function amountsText(amounts: TokenBalances): string {
  const rows = [...amounts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return rows.map(([tokenId, amount]) => `${tokenId}:${amount}`).join(" ");
}
