import type { Command } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { indented } from "../text/indented.ts";

interface ReproduceOptions {
  readonly rules?: string;
  readonly exportStateTest?: string;
  readonly json?: true;
}

const EXAMPLES = [
  "qkc reproduce reports/x/reproducers/*.json                    do they still fail?",
  "qkc reproduce case.json --rules quarkchain                    and under other rules?",
  "qkc reproduce case.json --export-state-test case-test.json    as an Ethereum state test",
];

const EXIT_CODES: ExitCodeMeanings = {
  clean: "every case gives what is expected of it: none fails any more",
  error: "no answer: a file is no reproducer, or cannot be read or written",
  divergent: "at least one case still fails",
  unsupported: "a file is of a later version, or its case cannot be expressed as asked",
};

export function addReproduceCommand(program: Command, run: RunCommand): void {
  program
    .command("reproduce")
    .summary("run reproducers: small cases on which a divergence shows, without a database")
    .description(
      "Executes the cases that a run wrote into its reproducers/ folder, each a block cut down to what a difference " +
        "needs, and compares what comes out with what is expected. No database is needed.",
    )
    .argument("<file...>", "reproducers")
    .option("--rules <rules>", "rule set to execute by (default: the one that each case failed under)")
    .option("--export-state-test <file>", "write the one case that is given as an Ethereum state test")
    .option("--json", "print JSON instead of the text")
    .addHelpText("after", `\nExamples:\n${indented(EXAMPLES)}\n\n${exitCodesText(EXIT_CODES)}`)
    .action((files: string[], { rules, exportStateTest, json }: ReproduceOptions) =>
      run(async () => {
        const { runReproduce } = await import("./run-reproduce.ts");
        return runReproduce({ files, rules, exportStateTest, json: json === true });
      }),
    );
}
