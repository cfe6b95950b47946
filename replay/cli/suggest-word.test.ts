import { type Command, CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "./program.ts";
import { suggestWord } from "./suggest-word.ts";

const ENDS = async () => 0 as const;
const PARTS = { run: async () => {}, checkdb: ENDS, coordinate: ENDS, work: ENDS };

function silent(command: Command): Command {
  command.configureOutput({ writeErr: () => {} });
  for (const child of command.commands) silent(child);
  return command;
}

async function suggested(...args: string[]): Promise<string> {
  const program = silent(createProgram("1.2.3", PARTS));
  const refusal = await program.parseAsync(args, { from: "user" }).catch((error: unknown) => error);
  if (!(refusal instanceof CommanderError)) throw new Error("the command line was taken");
  return suggestWord(program, refusal, args);
}

describe("a word that is like one that could stand there", () => {
  it.each([
    [["report", "mrge"], "(Did you mean merge?)\n"],
    [["report", "mrge", "parts", "--report", "out"], "(Did you mean merge?)\n"],
    [["report", "comapre", "a", "b"], "(Did you mean compare?)\n"],
    [["report", "markdwn", "a"], "(Did you mean markdown?)\n"],
    [["slave", "improt", "--node_id", "S0"], "(Did you mean import?)\n"],
    [["inspect", "mior", "1:3", "--db", "d"], "(Did you mean minor?)\n"],
    [["completion", "bsh"], "(Did you mean one of bash, zsh?)\n"],
  ])("%j", async (args, suggestion) => {
    expect(await suggested(...args)).toBe(suggestion);
  });

  it("is not looked for where the word is right, or like nothing, or Commander has said it", async () => {
    expect(await suggested("report", "html")).toBe("");
    expect(await suggested("report", "quintessence", "a")).toBe("");
    expect(await suggested("chekdb")).toBe("");
    expect(await suggested("report", "html", "a", "--outptu", "b")).toBe("");
  });
});
