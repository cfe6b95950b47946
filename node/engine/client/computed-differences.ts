import { encodeDepositList } from "../../chain/deposit.ts";
import { cursorText } from "../../chain/minor-block.ts";
import { toHex } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import type { ComputedBlock, FieldMismatch } from "../engine-api.ts";

/** Fields of which two executions of one block say different things: `declared` by the first, `computed` by the second. */
export function differencesBetween(first: ComputedBlock, second: ComputedBlock): readonly FieldMismatch[] {
  const theirs = new Map(fieldsOf(second));
  return fieldsOf(first)
    .map(([field, declared]) => ({ field, declared, computed: theirs.get(field) ?? "" }))
    .filter(({ declared, computed }) => declared !== computed);
}

function fieldsOf(computed: ComputedBlock): readonly (readonly [string, string])[] {
  const { xshardCursor, coinbaseAmounts, xshardSends } = computed;
  const amounts = [...coinbaseAmounts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([token, amount]) => `${token}:${amount}`);
  return [
    ["stateRoot", toHex(computed.stateRoot)],
    ["receiptRoot", toHex(computed.receiptRoot)],
    ["bloom", toHex(computed.bloom)],
    ["gasUsed", `${computed.gasUsed}`],
    ["xshardReceiveGasUsed", `${computed.xshardReceiveGasUsed}`],
    ["xshardCursor", cursorText(xshardCursor)],
    ["coinbaseAmounts", amounts.join(" ")],
    ["xshardSends", `${xshardSends.length} deposits, keccak ${toHex(keccak256(encodeDepositList(xshardSends)))}`],
    ["depositsConsumed", `${computed.depositsConsumed}`],
    ["metaHash", toHex(computed.metaHash)],
    ["blockHash", toHex(computed.blockHash)],
  ];
}
