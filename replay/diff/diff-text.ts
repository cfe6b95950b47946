import { createTwoFilesPatch } from "diff";
import { unitText } from "../report/locality-text.ts";
import type { StateDifference } from "../report/triage-schema.ts";
import type { Colors } from "../text/colors.ts";
import type { BlockDiff } from "./block-diff.ts";

/** Two sides of a block as a unified diff: what stays the same around a difference says what it is about. */
export function diffText(diff: BlockDiff, title: string, colors: Colors): string {
  const notes = [
    diff.unit === null ? "" : `first in ${unitText(diff.unit)}`,
    diff.receipts === null ? "receipts are not compared: those of one side are not to be had" : "",
    diff.state.compared ? "" : "states are not compared: that of one side is not to be had",
    diff.state.omitted === 0 ? "" : `${diff.state.omitted} more differences of the state are not shown`,
  ].filter((note) => note !== "");
  const patch = unifiedDiff(diff, colors);
  return [title, ...notes, patch === "" ? "nothing differs" : patch].join("\n");
}

function unifiedDiff(diff: BlockDiff, colors: Colors): string {
  const left = sideText(diff, "declared");
  const right = sideText(diff, "computed");
  if (left === right) return "";
  const patch = createTwoFilesPatch(diff.left, diff.right, left, right, undefined, undefined, { context: 2 });
  return patch
    .split("\n")
    .filter((line) => !line.startsWith("====") && !line.startsWith("\\ No newline"))
    .map((line) => coloured(line, colors))
    .join("\n")
    .trimEnd();
}

function coloured(line: string, colors: Colors): string {
  if (line.startsWith("---") || line.startsWith("+++")) return colors.bold(line);
  if (line.startsWith("@@")) return colors.cyan(line);
  if (line.startsWith("-")) return colors.red(line);
  return line.startsWith("+") ? colors.green(line) : line;
}

type Side = "declared" | "computed";

/** One line for each value; only what differs somewhere is there at all. */
function sideText({ fields, receipts, state }: BlockDiff, side: Side): string {
  const lines: string[] = [];
  if (fields.length > 0) lines.push("block", ...fields.map((one) => `  ${one.field}: ${one[side]}`));
  for (const receipt of receipts ?? []) {
    lines.push(`receipt of ${unitText(receipt.unit)}`, ...receipt.fields.map((one) => `  ${one.field}: ${one[side]}`));
  }
  let account = "";
  for (const difference of state.differences) {
    if (account !== difference.addressHash) lines.push(`account ${accountName(difference)}`);
    account = difference.addressHash;
    const { before } = difference;
    const was = before === null ? "" : ` (before: ${before})`;
    lines.push(`  ${entryText(difference)}${was}`, `    ${difference[side] ?? "none"}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function accountName({ address, addressHash }: StateDifference): string {
  return address ?? `with keccak ${addressHash}`;
}

function entryText({ field, key, keyHash }: StateDifference): string {
  if (key !== null) return `${field} ${key}`;
  return keyHash === null ? field : `${field} with keccak ${keyHash}`;
}
