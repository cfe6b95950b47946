import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { buildProject, temporaryFolder } from "../../replay/work/built-project.testkit.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs", "tutorial.md");
/** Blocks of the page that are run; what they print is the page's own. */
const TRANSCRIPT = /```sh\n([\s\S]*?)```/g;

it("docs/tutorial.md is what its commands print", async () => {
  const project = buildProject();
  const folder = temporaryFolder();
  try {
    const bin = join(folder.path, "bin");
    mkdirSync(bin);
    const qkc = join(bin, "qkc");
    const main = fileURLToPath(project.file("replay/cli/main.ts"));
    writeFileSync(qkc, `#!/bin/sh\nexec node ${main} "$@"\n`);
    chmodSync(qkc, 0o755);
    for (const name of ["fixtures", "scripts", "replay", "node", "node_modules", "package.json"]) {
      symlinkSync(join(ROOT, name), join(folder.path, name));
    }
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: folder.path, NO_COLOR: "1" };
    const answers = (block: string) => {
      const commands = block.split("\n").filter((line) => line.startsWith("$ "));
      const shown = commands.map((line) => {
        const run = spawnSync("bash", ["-c", line.slice(2)], { cwd: folder.path, env, encoding: "utf8" });
        // Commands are printed as this one was started: the reader's is an alias.
        return `${line}\n${run.stdout.replaceAll(`node ${main}`, "qkc")}`;
      });
      return `\`\`\`sh\n${shown.join("")}\`\`\``;
    };
    const page = readFileSync(PAGE, "utf8").replaceAll(TRANSCRIPT, (_, block: string) => answers(block));
    await expect(page).toMatchFileSnapshot(PAGE);
  } finally {
    folder.remove();
  }
});
