import { encodeReceipt, type Receipt } from "../../../node/chain/receipt.ts";
import { type Address, bytesEqual, toHex } from "../../../node/codec/bytes.ts";
import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import { encodeAccount } from "../../../node/el/state/account.ts";
import { readAccount } from "../../../node/el/state/read-account.ts";
import type { AccountChange, Change } from "./account-changes.ts";
import type { UnitRecord, UnitRecords } from "./record-units.ts";

/** The first unit that two executions of one block do not agree on. */
export interface UnitDifference {
  /** Of the first execution; of the second where the first has no such unit. */
  readonly unit: ExecutionUnit;
  /** Place among all units of the block. */
  readonly place: number;
  /**
   * What differs: "order" (they run different units there), "validity" (one of them refuses it), "status", "gasUsed",
   * "cumulativeGasUsed", "logs", "contractAddress", "contractFullShardKey", "receipt" (only one of them has one),
   * "state" or "hiddenState" (what only the state root shows).
   */
  readonly fields: readonly string[];
}

/**
 * Where `a` and `b` part. Differences that nothing but the state root shows count only where there are no others, as
 * they cannot be the cause of any, and only of accounts that end differently.
 */
export function firstDifferingUnit(a: UnitRecords, b: UnitRecords): UnitDifference | undefined {
  const visible = firstDifference(a, b, visibleDifferences);
  if (visible !== undefined) return visible;
  const endsAlike = (address: Address) => isSame([finalAccount(a, address)], [finalAccount(b, address)]);
  return firstDifference(a, b, (ours, theirs) => hiddenDifferences(ours, theirs, endsAlike));
}

type Differences = (a: UnitRecord, b: UnitRecord) => string[];

function firstDifference(a: UnitRecords, b: UnitRecords, differences: Differences): UnitDifference | undefined {
  const count = Math.max(a.units.length, b.units.length);
  for (let place = 0; place < count; place++) {
    const [ours, theirs] = [a.units[place], b.units[place]];
    if (ours === undefined || theirs === undefined || !isSameUnit(ours.unit, theirs.unit)) {
      return { unit: earlierUnit(ours, theirs), place, fields: ["order"] };
    }
    const fields = differences(ours, theirs);
    if (fields.length > 0) return { unit: ours.unit, place, fields };
  }
  return undefined;
}

/** Where one side goes on to what comes later, the unit that it lacks: deposits run before transactions. */
function earlierUnit(a: UnitRecord | undefined, b: UnitRecord | undefined): ExecutionUnit {
  const [first, second] = [a, b].map((record) => record?.unit);
  if (first === undefined || second === undefined) return (first ?? second) as ExecutionUnit;
  return KINDS.indexOf(second.kind) < KINDS.indexOf(first.kind) ? second : first;
}

const KINDS: readonly ExecutionUnit["kind"][] = ["deposit", "transaction", "reward"];

function isSameUnit(a: ExecutionUnit, b: ExecutionUnit): boolean {
  return a.kind === b.kind && a.index === b.index;
}

function visibleDifferences(a: UnitRecord, b: UnitRecord): string[] {
  if (a.outcome === undefined || b.outcome === undefined) return a.outcome === b.outcome ? [] : ["validity"];
  const fields = receiptDifferences(a.outcome.receipt, b.outcome.receipt);
  if (a.outcome.gasUsed !== b.outcome.gasUsed) fields.push("gasUsed");
  if (!isSame(visibleLines(a), visibleLines(b))) fields.push("state");
  return fields;
}

function hiddenDifferences(a: UnitRecord, b: UnitRecord, endsAlike: (address: Address) => boolean): string[] {
  const changesOf = ({ changes }: UnitRecord) => hiddenLines(changes.filter(({ address }) => !endsAlike(address)));
  return isSame(changesOf(a), changesOf(b)) ? [] : ["hiddenState"];
}

/** The account's leaf in the resulting state; empty where there is none. */
function finalAccount({ result, nodes }: UnitRecords, address: Address): string {
  if (result.status === "INVALID") return "";
  const account = readAccount(nodes, result.computed.stateRoot, address);
  return account === undefined ? "" : toHex(encodeAccount(account));
}

function receiptDifferences(a: Receipt | undefined, b: Receipt | undefined): string[] {
  if (a === undefined || b === undefined) return a === b ? [] : ["receipt"];
  if (bytesEqual(encodeReceipt(a), encodeReceipt(b))) return [];
  const fields: string[] = [];
  if (a.success !== b.success) fields.push("status");
  if (a.cumulativeGasUsed !== b.cumulativeGasUsed) fields.push("cumulativeGasUsed");
  if (!bytesEqual(a.contractAddress, b.contractAddress)) fields.push("contractAddress");
  if (a.contractFullShardKey !== b.contractFullShardKey) fields.push("contractFullShardKey");
  if (logsText(a) !== logsText(b)) fields.push("logs");
  return fields;
}

function logsText({ logs, bloom }: Receipt): string {
  const entries = logs.map(({ address, topics, data }) => [address, ...topics, data].map(toHex).join(" "));
  return [...entries, toHex(bloom)].join("\n");
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}

function visibleLines({ changes }: UnitRecord): string[] {
  return changes.flatMap((change) => accountLines(change)).sort();
}

function accountLines(change: AccountChange): string[] {
  const account = toHex(change.address);
  const lines: string[] = [];
  if (change.nonce !== undefined) lines.push(`${account} nonce ${textOf(change.nonce)}`);
  if (change.codeHash !== undefined) lines.push(`${account} code ${toHex(change.codeHash.after)}`);
  for (const [tokenId, balance] of change.balances) lines.push(`${account} balance ${tokenId} ${textOf(balance)}`);
  for (const [slot, value] of change.slots) lines.push(`${account} slot ${slot} ${textOf(value)}`);
  if (change.storageReset) lines.push(`${account} storage reset`);
  if (change.tokenTrieReset) lines.push(`${account} token trie reset`);
  return lines;
}

function hiddenLines(changes: readonly AccountChange[]): string[] {
  const lines: string[] = [];
  for (const { address, bornWithKey, hasTokenEntries, touched } of changes) {
    if (bornWithKey !== undefined) lines.push(`${toHex(address)} born ${bornWithKey}`);
    if (hasTokenEntries !== undefined) lines.push(`${toHex(address)} entries ${hasTokenEntries.after}`);
    if (touched !== undefined) lines.push(`${toHex(address)} touched ${touched.after}`);
  }
  return lines.sort();
}

function textOf({ before, after }: Change<bigint>): string {
  return `${before} ${after}`;
}
