import { bytesEqual } from "../../../node/codec/bytes.ts";
import type { StateEntryDifference } from "../../../node/el/state/state-diff.ts";
import type { AccountChange } from "../units/account-changes.ts";
import type { AccountAccess, UnitRecord } from "../units/record-units.ts";
import type { Preimages } from "./preimages.ts";

/**
 * The first unit that must have had another effect, as far as one execution can tell: of each entry that differs and
 * that a single unit changed (or, where none changed it, a single unit used) that unit. An entry that several changed,
 * such as the balance of who mines the block, says nothing about any of them.
 */
export function unitOfStateDifferences(
  entries: readonly StateEntryDifference[],
  units: readonly UnitRecord[],
  preimages: Preimages,
): UnitRecord | undefined {
  const places = entries.map((entry) => onlyPlace(entry, units, preimages)).filter((place) => place !== undefined);
  return places.length === 0 ? undefined : units[places.reduce((first, place) => Math.min(first, place))];
}

function onlyPlace(
  entry: StateEntryDifference,
  units: readonly UnitRecord[],
  preimages: Preimages,
): number | undefined {
  const address = preimages.addressOf(entry.addressHash);
  if (address === undefined) return undefined;
  const key = entry.tokenId ?? (entry.keyHash && preimages.numberOf(entry.keyHash));
  const placesWhere = (touches: (unit: UnitRecord) => boolean) =>
    units.flatMap((unit, place) => (touches(unit) ? [place] : []));
  const changing = placesWhere(({ changes }) =>
    changes.some((change) => bytesEqual(change.address, address) && isChanged(entry, key, change)),
  );
  const places =
    changing.length > 0
      ? changing
      : placesWhere(({ accesses }) =>
          accesses.some((access) => bytesEqual(access.address, address) && isUsed(entry, key, access)),
        );
  return places.length === 1 ? places[0] : undefined;
}

function isChanged({ field }: StateEntryDifference, key: bigint | undefined, change: AccountChange): boolean {
  switch (field) {
    case "nonce":
      return change.nonce !== undefined;
    case "code":
      return change.codeHash !== undefined;
    case "fullShardKey":
      return change.bornWithKey !== undefined;
    case "storage":
      return change.storageReset || (key !== undefined && change.slots.has(key));
    case "balance":
      return change.tokenTrieReset || (key !== undefined && change.balances.has(key));
    case "tokenBalances":
      return change.hasTokenEntries !== undefined || change.balances.size > 0;
    case "exists":
      return true;
  }
}

function isUsed({ field }: StateEntryDifference, key: bigint | undefined, access: AccountAccess): boolean {
  if (field === "storage") return key !== undefined && access.slots.has(key);
  if (field === "balance") return key !== undefined && access.tokens.has(key);
  return true;
}
