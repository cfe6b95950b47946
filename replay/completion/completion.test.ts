import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createProgram } from "../cli/program.ts";
import { EXIT } from "../terminal/exit-code.ts";
import { completionScript } from "./completion-script.ts";
import { SHELLS } from "./shells.ts";

const clean = async () => EXIT.clean;
const program = createProgram("1.2.3", { run: async () => {}, checkdb: clean, coordinate: clean, work: clean });

/** What bash itself offers behind a command line whose last word is begun. */
function bashOffers(...words: string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(" ");
  const script = `${completionScript(program, "bash")}
COMP_WORDS=(qkc ${line}); COMP_CWORD=${words.length}; _qkc; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  expect([stderr, status]).toEqual(["", 0]);
  return stdout.split("\n").filter((offer) => offer !== "");
}

describe("bash", () => {
  it("completes commands, and commands of commands", () => {
    expect(bashOffers("check")).toEqual(["checkdb"]);
    expect(bashOffers("re")).toEqual(["replay", "reproduce", "report"]);
    expect(bashOffers("report", "m")).toEqual(["markdown", "merge"].sort().reverse());
    expect(bashOffers("report", "merge", "--j")).toEqual(["--json"]);
  });

  it("completes options of the command that is there, and choices", () => {
    expect(bashOffers("checkdb", "--db", "x", "--verify-")).toEqual(["--verify-pow", "--verify-checksums"]);
    expect(bashOffers("checkdb", "--verify-checksums", "")).toEqual(["default", "all"]);
    expect(bashOffers("completion", "")).toEqual(expect.arrayContaining(["bash", "zsh", "fish"]));
    expect(bashOffers("genesis", "--verify-")).toEqual([]);
  });

  it("leaves files to the shell", () => {
    expect(bashOffers("checkdb", "--db", "")).toEqual([]);
  });
});

describe.each(SHELLS)("%s", (shell) => {
  it("knows every command and every option", () => {
    const script = completionScript(program, shell);
    const commands = program.createHelp().visibleCommands(program);
    for (const command of commands.filter((one) => one.name() !== "help")) {
      expect(script).toContain(`"qkc ${command.name()}"`);
      for (const { long } of command.createHelp().visibleOptions(command)) {
        if (long !== undefined) expect(script).toContain(shell === "fish" ? `-l ${long.slice(2)}` : long);
      }
    }
  });

  const hasShell = spawnSync(shell, ["--version"]).error === undefined;
  it.skipIf(!hasShell)("is a script that the shell reads", () => {
    const read = spawnSync(shell, ["-n", "-c", completionScript(program, shell)], { encoding: "utf8" });
    expect([read.stderr, read.status]).toEqual(["", 0]);
  });
});
