import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { EXIT } from "../../replay/terminal/exit-code.ts";

test("docs/exit-codes.md lists every exit code, and no other", () => {
  const page = readFileSync("docs/exit-codes.md", "utf8");
  const rows = [...page.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, code, verdict]) => [verdict, Number(code)]);
  expect(rows).toEqual(Object.entries(EXIT).sort(([, a], [, b]) => a - b));
});
