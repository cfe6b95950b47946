import { cursorText, type MinorBlock } from "../chain/minor-block.ts";
import type { TokenBalances } from "../chain/token-balances.ts";
import { bytesEqual, toHex } from "../codec/bytes.ts";
import type { ExecutionResult } from "../el/payload.ts";
import type { FieldMismatch } from "./engine-api.ts";

/** What a block declares of its execution. */
type Declared = Omit<ExecutionResult, "receipts" | "senders">;

/**
 * Fields that the block declares otherwise than its execution computed: all of them, never only the first
 * (pyquarkchain cluster/shard_state.py add_block stops at the first).
 */
export function compareDeclared({ header, meta }: MinorBlock, computed: Declared): FieldMismatch[] {
  if (isAsDeclared({ header, meta }, computed)) return [];
  return [
    ...compareBytes("stateRoot", meta.stateRoot, computed.stateRoot),
    ...compareBytes("receiptRoot", meta.receiptRoot, computed.receiptRoot),
    ...compareBytes("bloom", header.bloom, computed.bloom),
    ...compareText("gasUsed", `${meta.gasUsed}`, `${computed.gasUsed}`),
    ...compareText("xshardReceiveGasUsed", `${meta.xshardReceiveGasUsed}`, `${computed.xshardReceiveGasUsed}`),
    ...compareText("xshardCursor", cursorText(meta.xshardCursor), cursorText(computed.xshardCursor)),
    ...compareText("coinbaseAmounts", amountsText(header.coinbaseAmounts), amountsText(computed.coinbaseAmounts)),
  ];
}

/** The usual answer, found without making texts of numbers. */
function isAsDeclared({ header, meta }: Pick<MinorBlock, "header" | "meta">, computed: Declared): boolean {
  return (
    bytesEqual(meta.stateRoot, computed.stateRoot) &&
    bytesEqual(meta.receiptRoot, computed.receiptRoot) &&
    bytesEqual(header.bloom, computed.bloom) &&
    meta.gasUsed === computed.gasUsed &&
    meta.xshardReceiveGasUsed === computed.xshardReceiveGasUsed &&
    meta.xshardCursor.rootBlockHeight === computed.xshardCursor.rootBlockHeight &&
    meta.xshardCursor.minorBlockIndex === computed.xshardCursor.minorBlockIndex &&
    meta.xshardCursor.xshardDepositIndex === computed.xshardCursor.xshardDepositIndex &&
    sameAmounts(header.coinbaseAmounts, computed.coinbaseAmounts)
  );
}

function sameAmounts(declared: TokenBalances, computed: TokenBalances): boolean {
  if (declared.size !== computed.size) return false;
  for (const [tokenId, amount] of declared) if (computed.get(tokenId) !== amount) return false;
  return true;
}

export function compareBytes(field: string, declared: Uint8Array, computed: Uint8Array): FieldMismatch[] {
  return bytesEqual(declared, computed) ? [] : [{ field, declared: toHex(declared), computed: toHex(computed) }];
}

export function compareText(field: string, declared: string, computed: string): FieldMismatch[] {
  return declared === computed ? [] : [{ field, declared, computed }];
}

/** root height/minor index/deposit index. */

/**
 * token id:amount, sorted. A token that execution names with amount 0 stays: pyquarkchain compares the maps as they
 * are, and a header cannot carry a zero amount (core.py TokenBalanceMap), so such a block is refused.
 */
function amountsText(amounts: TokenBalances): string {
  const rows = [...amounts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return rows.map(([tokenId, amount]) => `${tokenId}:${amount}`).join(" ");
}
