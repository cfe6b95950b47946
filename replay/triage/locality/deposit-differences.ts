import type { CrossShardDeposit } from "../../../node/chain/deposit.ts";
import { toHex } from "../../../node/codec/bytes.ts";
import type { FieldDifference } from "../../../node/engine/compare-execution.ts";
import type { DepositDifference } from "../../report/triage-schema.ts";
import { tokenName } from "../../text/token-names.ts";
import type { Outcome } from "./locality.ts";

/** Deposits that are listed; a cause shows in the first ones. */
const MAX_DEPOSITS = 50;
const ABSENT = "no such deposit";

/** What goes to other shards and is not what they have stored, deposit by deposit and field by field. */
export function depositDifferences(declared: Outcome, computed: Outcome): DepositDifference[] {
  const differences: DepositDifference[] = [];
  for (const [fullShardId, stored] of declared.sends) {
    const sent = computed.sends.get(fullShardId) ?? [];
    for (let index = 0; index < Math.max(stored.length, sent.length); index++) {
      const fields = fieldDifferences(stored[index], sent[index]);
      if (fields.length === 0) continue;
      const { txHash } = stored[index] ?? sent[index];
      differences.push({ fullShardId, index, txHash: toHex(txHash), fields });
      if (differences.length === MAX_DEPOSITS) return differences;
    }
  }
  return differences;
}

function fieldDifferences(declared?: CrossShardDeposit, computed?: CrossShardDeposit): FieldDifference[] {
  if (declared === undefined || computed === undefined) {
    const text = (deposit: CrossShardDeposit | undefined) => (deposit === undefined ? ABSENT : "a deposit");
    return [{ field: "deposit", declared: text(declared), computed: text(computed) }];
  }
  const theirs = fieldsOf(declared);
  return fieldsOf(computed)
    .map(([field, text], i) => ({ field, declared: theirs[i][1], computed: text }))
    .filter((difference) => difference.declared !== difference.computed);
}

/** In the order of the wire format (pyquarkchain core.py CrossShardTransactionDeposit). */
function fieldsOf(deposit: CrossShardDeposit): (readonly [field: string, text: string])[] {
  const { from, to } = deposit;
  return [
    ["txHash", toHex(deposit.txHash)],
    ["from", addressText(from)],
    ["to", addressText(to)],
    ["value", `${deposit.value}`],
    ["gasPrice", `${deposit.gasPrice}`],
    ["gasToken", tokenName(deposit.gasTokenId)],
    ["transferToken", tokenName(deposit.transferTokenId)],
    ["gasRemained", `${deposit.gasRemained}`],
    ["messageData", `0x${toHex(deposit.messageData)}`],
    ["createContract", deposit.createContract ? "yes" : "no"],
    ["isFromRootChain", deposit.isFromRootChain ? "yes" : "no"],
    ["refundRate", `${deposit.refundRate}`],
  ];
}

function addressText({ recipient, fullShardKey }: CrossShardDeposit["from"]): string {
  return `0x${toHex(recipient)} key 0x${fullShardKey.toString(16).padStart(8, "0")}`;
}
