import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createProgram } from "../../replay/cli/program.ts";
import { cliReference } from "./cli-reference.ts";

it("docs/cli.md is the help of this program", async () => {
  const clean = async () => 0 as const;
  const program = createProgram("(version)", { run: async () => {}, checkdb: clean, coordinate: clean, work: clean });
  const page = fileURLToPath(new URL("../../docs/cli.md", import.meta.url));
  await expect(cliReference(program)).toMatchFileSnapshot(page);
});
