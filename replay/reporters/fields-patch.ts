import type { Divergence } from "../report/schema.ts";
import { unifiedDiff } from "../text/unified-diff.ts";

/** Declared against computed as a unified diff, a line for each field. */
export function fieldsPatch(fields: Divergence["fields"]): string {
  return declaredPatch(
    fields.map(({ field, declared }) => `${field}: ${declared}`),
    fields.map(({ field, computed }) => `${field}: ${computed}`),
  );
}

export function declaredPatch(declared: readonly string[], computed: readonly string[]): string {
  return unifiedDiff({ name: "declared", lines: declared }, { name: "computed", lines: computed });
}
