import type { StateDifference } from "../../report/triage-schema.ts";
import { declaredPatch } from "../fields-patch.ts";

/** The differing entries of the state as a unified diff, grouped by account; values before the block as context. */
export function statePatch(differences: readonly StateDifference[]): string {
  if (differences.length === 0) return "";
  return declaredPatch(side(differences, "declared"), side(differences, "computed"));
}

function side(differences: readonly StateDifference[], pick: "declared" | "computed"): string[] {
  const lines: string[] = [];
  let account = "";
  for (const difference of differences) {
    if (difference.addressHash !== account) {
      account = difference.addressHash;
      lines.push(`account ${difference.address ?? `with hash ${difference.addressHash}`}`);
    }
    const key = difference.key ?? difference.keyHash;
    const name = key === null ? difference.field : `${difference.field} ${key}`;
    if (difference.before !== null) lines.push(`  ${name} before: ${difference.before}`);
    lines.push(`  ${name}: ${difference[pick] ?? "nothing"}`);
  }
  return lines;
}
