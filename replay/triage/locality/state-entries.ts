import { toHex } from "../../../node/codec/bytes.ts";
import type { StateEntryDifference, StateValue } from "../../../node/el/state/state-diff.ts";
import type { StateDifference } from "../../report/triage-schema.ts";
import { tokenName } from "../../text/token-names.ts";
import type { Preimages } from "./preimages.ts";

/** A difference as a report shows it, with the address, token or slot where the executions have met it. */
export function stateDifference(entry: StateEntryDifference, preimages: Preimages): StateDifference {
  const { addressHash, field, keyHash, before, declared, computed } = entry;
  const address = preimages.addressOf(addressHash);
  return {
    address: address === undefined ? null : `0x${toHex(address)}`,
    addressHash: toHex(addressHash),
    field,
    key: keyText(entry, preimages),
    keyHash: keyHash === undefined ? null : toHex(keyHash),
    before: valueText(entry, before),
    declared: valueText(entry, declared),
    computed: valueText(entry, computed),
  };
}

function keyText({ field, keyHash, tokenId }: StateEntryDifference, preimages: Preimages): string | null {
  const key = tokenId ?? (keyHash && preimages.numberOf(keyHash));
  if (key === undefined) return null;
  return field === "balance" ? tokenName(key) : `0x${key.toString(16)}`;
}

function valueText({ field }: StateEntryDifference, value: StateValue | undefined): string | null {
  if (value === undefined) return null;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "bigint") return `0x${toHex(value)}`;
  if (field === "storage") return `0x${value.toString(16)}`;
  return field === "fullShardKey" ? `0x${value.toString(16).padStart(8, "0")}` : `${value}`;
}
