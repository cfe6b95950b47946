import type { DifferingUnit, StateDifference, Triage } from "./triage-schema.ts";

/** Values longer than this are cut: a report has them whole. */
const SHOWN = 80;

/** In one sentence, the first things that differ. */
export function localityText({ unit, receipt, state }: Pick<Triage, "unit" | "receipt" | "state">): string {
  const parts: string[] = [];
  if (unit !== null) parts.push(`first in ${unitText(unit)}`);
  if (receipt !== null) {
    const fields = receipt.fields.map(({ field, declared, computed }) => `${field} ${change(declared, computed)}`);
    parts.push(`receipt ${receipt.index}: ${fields[0]}`);
  }
  const [entry] = state.differences;
  if (entry !== undefined) parts.push(`${entryName(entry)} ${change(entry.declared, entry.computed)}`);
  return parts.join("; ");
}

/** A deposit, transaction or reward for people. */
export function unitText({ kind, index, hash }: DifferingUnit): string {
  if (kind === "reward") return "what the block itself pays";
  if (kind === "cursor") return "how the block writes down which deposits it consumed";
  return `${kind} ${index}${hash === null ? "" : ` (${hash})`}`;
}

/** An entry of the state for people: account, field, token or slot. */
export function entryName({ address, addressHash, field, key, keyHash }: StateDifference): string {
  const account = address ?? `account with keccak ${addressHash}`;
  const place = key ?? (keyHash === null ? undefined : `keccak ${keyHash}`);
  return `${account} ${field}${place === undefined ? "" : ` ${place}`}`;
}

function change(declared: string | null, computed: string | null): string {
  return `${valueText(declared)} declared, ${valueText(computed)} computed`;
}

function valueText(value: string | null): string {
  if (value === null) return "none";
  return value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
}
