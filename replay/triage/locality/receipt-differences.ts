import { encodeReceipt, type Log, type Receipt } from "../../../node/chain/receipt.ts";
import { bytesEqual, bytesToBigInt, type Hash32, toHex } from "../../../node/codec/bytes.ts";
import { rlpString } from "../../../node/codec/rlp.ts";
import type { NodeStore } from "../../../node/el/state/node-store.ts";
import { trieDifferences } from "../../../node/el/trie/trie-diff.ts";
import type { FieldDifference } from "../../../node/engine/compare-execution.ts";
import { unlessDamaged } from "./unless-damaged.ts";

/** A receipt on which two sides disagree. */
export interface ReceiptDifference {
  /** In the block's list: transactions first, then deposits. */
  readonly index: number;
  readonly fields: FieldDifference[];
}

const ABSENT = "no such receipt";

/**
 * The receipts that differ, in the order of execution: deposits run before transactions, but stand behind them in
 * the list. `transactions`: how many of the receipts are those of transactions.
 */
export function* receiptDifferences(
  declared: readonly Receipt[],
  computed: readonly Receipt[],
  transactions: number,
): Generator<ReceiptDifference> {
  const count = Math.max(declared.length, computed.length);
  for (let place = 0; place < count; place++) {
    const deposits = count - transactions;
    const index = place < deposits ? transactions + place : place - deposits;
    const fields = fieldDifferences(declared[index], computed[index]);
    if (fields.length > 0) yield { index, fields };
  }
}

/** The first receipt that is stored in other bytes, though it reads the same: what only the tries of receipts show. */
export function encodedReceiptDifference(
  nodes: NodeStore,
  declared: Hash32 | undefined,
  computed: Hash32 | undefined,
): ReceiptDifference | undefined {
  if (declared === undefined || computed === undefined) return undefined;
  const rows = unlessDamaged(() => [...trieDifferences(nodes, declared, computed)]) ?? [];
  const byIndex = rows
    .map(({ key, left, right }) => ({ index: Number(bytesToBigInt(rlpString(key, "index"))), left, right }))
    .sort((a, b) => a.index - b.index);
  for (const { index, left, right } of byIndex) {
    const text = (row: Uint8Array | undefined) => (row === undefined ? ABSENT : `0x${toHex(row)}`);
    return { index, fields: [{ field: "encoding", declared: text(left), computed: text(right) }] };
  }
  return undefined;
}

function fieldDifferences(declared: Receipt | undefined, computed: Receipt | undefined): FieldDifference[] {
  if (declared === undefined || computed === undefined) {
    const text = (receipt: Receipt | undefined) => (receipt === undefined ? ABSENT : "a receipt");
    return [{ field: "receipt", declared: text(declared), computed: text(computed) }];
  }
  if (bytesEqual(encodeReceipt(declared), encodeReceipt(computed))) return [];
  const before = receiptFields(declared);
  return receiptFields(computed)
    .map(([field, text], i) => ({ field, declared: before[i][1], computed: text }))
    .filter((difference) => difference.declared !== difference.computed);
}

/** A receipt's fields as people read them. */
function receiptFields(receipt: Receipt): (readonly [field: string, value: string])[] {
  const { success, cumulativeGasUsed, logs, bloom, contractAddress, contractFullShardKey } = receipt;
  return [
    ["success", success ? "success" : "failure"],
    ["cumulativeGasUsed", `${cumulativeGasUsed}`],
    ["logs", logs.length === 0 ? "none" : logs.map(logText).join("; ")],
    ["bloom", toHex(bloom)],
    ["contractAddress", contractAddress.length === 0 ? "none" : `0x${toHex(contractAddress)}`],
    ["contractFullShardKey", `0x${contractFullShardKey.toString(16).padStart(8, "0")}`],
  ];
}

function logText({ address, topics, data }: Log): string {
  return `0x${toHex(address)} topics [${topics.map((topic) => `0x${toHex(topic)}`).join(" ")}] data 0x${toHex(data)}`;
}
