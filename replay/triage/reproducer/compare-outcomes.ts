import { encodeDepositList } from "../../../node/chain/deposit.ts";
import { toHex, utf8 } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import type { AccountAfter, ExecutedOutcome, Outcome, OutcomeDifference, OutcomeUnit } from "./format.ts";

const ABSENT = "-";
const SHOWN_CHARACTERS = 160;

/**
 * Where `got` is not what is expected, in order of execution: deposits, transactions, the block, the state. What the
 * expectation leaves out is not compared.
 */
export function compareOutcomes(expected: Outcome, got: Outcome): OutcomeDifference[] {
  if (expected.status === "EXECUTED" && got.status === "EXECUTED") return compareExecuted(expected, got);
  return compareFields("block", verdictFields(expected), verdictFields(got));
}

/** What sort of difference it is: where, without numbers, and in which fields. */
export function differenceClass(differences: readonly OutcomeDifference[]): string {
  const kinds = differences.map(({ where, field }) => `${where.split(" ")[0]} ${field.split(" ")[0]}`);
  return [...new Set(kinds)].sort().join(", ");
}

type Fields = ReadonlyMap<string, string>;

function compareFields(where: string, expected: Fields, got: Fields): OutcomeDifference[] {
  const differing = [...expected].filter(([field, text]) => got.get(field) !== text);
  return differing.map(([field, text]) => ({
    where,
    field,
    expected: shown(text),
    got: shown(got.get(field) ?? ABSENT),
  }));
}

/** Long texts, such as logs, are cut; their hash tells two of them apart. */
function shown(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text;
  const hash = toHex(keccak256(utf8(text)).subarray(0, 8));
  return `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters, keccak ${hash}…)`;
}

function verdictFields(outcome: Outcome): Fields {
  if (outcome.status === "EXECUTED") return new Map([["status", "executed"]]);
  const place = outcome.transactionIndex === null ? "the block" : `transaction ${outcome.transactionIndex}`;
  return new Map([["status", `${place} is invalid`]]);
}

function compareExecuted(expected: ExecutedOutcome, got: ExecutedOutcome): OutcomeDifference[] {
  const units = (expected.units ?? []).flatMap((unit) => compareUnit(unit, got.units ?? []));
  const state = Object.entries(expected.state ?? {}).flatMap(([address, account]) =>
    compareAccounts(address, account, got.state?.[address]),
  );
  return [
    ...units,
    ...countDifference(expected, got),
    ...compareFields("block", blockFields(expected), blockFields(got)),
    ...state,
  ];
}

function compareUnit(expected: OutcomeUnit, units: readonly OutcomeUnit[]): OutcomeDifference[] {
  const got = units.find(({ kind, index }) => kind === expected.kind && index === expected.index);
  const where = `${expected.kind} ${expected.index}`;
  if (got === undefined) return [{ where, field: "receipt", expected: "present", got: ABSENT }];
  return compareFields(where, unitFields(expected), unitFields(got));
}

/** Where all units are expected, there must be no more; an expectation of some says nothing of the others. */
function countDifference(expected: ExecutedOutcome, got: ExecutedOutcome): OutcomeDifference[] {
  if (expected.units === undefined || expected.receiptRoot === undefined) return [];
  const [wanted, there] = [expected.units.length, got.units?.length ?? 0];
  return wanted >= there ? [] : [{ where: "block", field: "receipts", expected: `${wanted}`, got: `${there}` }];
}

function unitFields(unit: OutcomeUnit): Fields {
  return new Map([
    ["success", `${unit.success}`],
    ["cumulativeGasUsed", `${unit.cumulativeGasUsed}`],
    ["logs", unit.logs.map(logText).join("; ")],
    ["bloom", unit.bloom.join(" ")],
    ["contractAddress", toHex(unit.contractAddress)],
    ["contractFullShardKey", `${unit.contractFullShardKey}`],
  ]);
}

function logText({ address, topics, data }: OutcomeUnit["logs"][number]): string {
  return `${toHex(address)} [${topics.map(toHex).join(" ")}] ${toHex(data)}`;
}

function blockFields(outcome: ExecutedOutcome): Fields {
  const { xshardCursor: cursor, xshardSends: sends } = outcome;
  const fields: [string, string | undefined][] = [
    ["gasUsed", textOf(outcome.gasUsed)],
    ["xshardReceiveGasUsed", textOf(outcome.xshardReceiveGasUsed)],
    ["xshardCursor", cursor && `${cursor.rootBlockHeight}/${cursor.minorBlockIndex}/${cursor.xshardDepositIndex}`],
    ["depositsConsumed", textOf(outcome.depositsConsumed)],
    ["coinbaseAmounts", outcome.coinbaseAmounts && amountsText(outcome.coinbaseAmounts)],
    ["xshardSends", sends && `${sends.length} deposits, keccak ${toHex(keccak256(encodeDepositList(sends)))}`],
    ["senders", outcome.senders?.map(toHex).join(" ")],
    ["bloom", outcome.bloom?.join(" ")],
    ["receiptRoot", outcome.receiptRoot && toHex(outcome.receiptRoot)],
    ["stateRoot", outcome.stateRoot && toHex(outcome.stateRoot)],
  ];
  return new Map(fields.filter((field): field is [string, string] => field[1] !== undefined));
}

function compareAccounts(
  address: string,
  expected: AccountAfter | null,
  got: AccountAfter | null | undefined,
): OutcomeDifference[] {
  const where = `state ${address}`;
  if (expected !== null && got) return compareFields(where, accountFields(expected), accountFields(got));
  if (expected === null && !got) return [];
  return [{ where, field: "exists", expected: existence(expected), got: existence(got) }];
}

function existence(account: AccountAfter | null | undefined): string {
  return account ? "present" : "absent";
}

function accountFields(account: AccountAfter): Fields {
  const fields = new Map<string, string>();
  if (account.nonce !== undefined) fields.set("nonce", `${account.nonce}`);
  for (const [tokenId, amount] of Object.entries(account.balances ?? {})) fields.set(`balance ${tokenId}`, `${amount}`);
  if (account.codeHash !== undefined) fields.set("code", toHex(account.codeHash));
  for (const [slot, value] of Object.entries(account.storage ?? {})) fields.set(`storage ${slot}`, value.toString(16));
  if (account.fullShardKey !== undefined) fields.set("fullShardKey", `${account.fullShardKey}`);
  return fields;
}

function amountsText(amounts: Readonly<Record<string, bigint>>): string {
  return Object.entries(amounts)
    .map(([tokenId, amount]) => `${tokenId}:${amount}`)
    .join(" ");
}

function textOf(value: bigint | number | undefined): string | undefined {
  return value === undefined ? undefined : `${value}`;
}
