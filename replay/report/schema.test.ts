import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { reportSchema } from "./schema.ts";

interface JsonSchema {
  readonly properties?: Record<string, JsonSchema>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Paths of all fields, in the way docs/report.md writes them: divergences[].fields[].declared. */
function paths(schema: JsonSchema, path = ""): string[] {
  const ofProperties = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const field = path === "" ? name : `${path}.${name}`;
    return [...(property.items === undefined ? [field] : []), ...paths(property, field)];
  });
  const ofItems = schema.items === undefined ? [] : [`${path}[]`, ...paths(schema.items, `${path}[]`)];
  return [...ofProperties, ...ofItems, ...(schema.anyOf ?? []).flatMap((option) => paths(option, path))];
}

describe("docs/report.md", () => {
  it("describes every field of the schema, and no other", () => {
    const page = readFileSync(new URL("../../docs/report.md", import.meta.url), "utf8");
    const fields = page.slice(page.indexOf("## Fields"), page.indexOf("## Interrupted"));
    const documented = [...fields.matchAll(/^\| `([^`]+)` \|/gm)].map(([, path]) => path);
    expect(documented.sort()).toEqual([...new Set(paths(z.toJSONSchema(reportSchema) as JsonSchema))].sort());
  });
});
