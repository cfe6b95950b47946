import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createProgram } from "../../replay/cli/program.ts";
import { cliReference } from "./cli-reference.ts";

it("docs/cli.md is the help of this program", async () => {
  const nothing = async () => {};
  const handlers = {
    ...{ checkdb: nothing, genesis: nothing, doctor: nothing },
    ...{ inspect: nothing, verifyState: nothing, run: nothing },
  };
  const program = createProgram("(version)", handlers);
  const page = fileURLToPath(new URL("../../docs/cli.md", import.meta.url));
  await expect(cliReference(program)).toMatchFileSnapshot(page);
});
