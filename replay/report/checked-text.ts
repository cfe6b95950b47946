import { counted, grouped } from "../text/grouped.ts";
import type { Report } from "./schema.ts";

/** What a run has looked at and what not, in one line: a clean run says no more than this. */
export function checkedText({ provenance, range, command }: Report): string {
  const { flags, database } = provenance;
  const tip =
    database === null
      ? []
      : [`tip ${grouped(database.tipHeight)} (${database.tipHash.slice(0, 12)}…${named(flags.rootTip)})`];
  if (command === "replay") return [...tip, shardsText(range), "seals not checked"].filter(isSaid).join(", ");
  return [
    ...tip,
    shardsText(range),
    `seals ${flags.verifyPow ? "checked" : "not checked"}`,
    `archive rows ${flags.checkArchive ? "compared" : "not compared"}`,
    flags.unconfirmed ? "with unconfirmed blocks" : "confirmed blocks only",
    ...(flags.maxDivergences === null ? [] : [`ends after ${counted(flags.maxDivergences, "divergence")}`]),
  ]
    .filter(isSaid)
    .join(", ");
}

function named(rootTip: string | null): string {
  return rootTip === null ? "" : ", --root-tip";
}

function shardsText(range: Report["range"]): string {
  return range === null ? "" : counted(range.shards.length, "shard");
}

function isSaid(text: string): boolean {
  return text !== "";
}
