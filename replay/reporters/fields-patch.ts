import { createTwoFilesPatch } from "diff";
import type { Divergence } from "../report/schema.ts";

/** Declared against computed as a unified diff, a line for each field. */
export function fieldsPatch(fields: Divergence["fields"]): string {
  return unifiedDiff(
    fields.map(({ field, declared }) => `${field}: ${declared}`),
    fields.map(({ field, computed }) => `${field}: ${computed}`),
  );
}

export function unifiedDiff(declared: readonly string[], computed: readonly string[]): string {
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  const patch = createTwoFilesPatch("declared", "computed", text(declared), text(computed), "", "", { context: 2 });
  return patch.slice(patch.indexOf("---"));
}
