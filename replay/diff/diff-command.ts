import { type Command, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parseHash } from "../terminal/numbers.ts";
import { indented } from "../text/indented.ts";

interface DiffOptions {
  readonly db: string;
  readonly config?: string;
  readonly rootTip?: string;
  readonly block: string;
  readonly rules?: string;
  readonly against?: string;
  readonly json?: true;
}

const EXAMPLES = [
  "qkc diff --db data/mainnet --block 1:5310                              what is declared, and what comes out",
  "qkc diff --db data/mainnet --block 1:5310 --rules goquarkchain         … by goquarkchain's rules",
  "qkc diff --db data/mainnet --block 1:5310 --rules berlin --against osaka",
];

const EXIT_CODES: ExitCodeMeanings = {
  clean: "nothing differs",
  error: "no answer: usage, configuration, or no such block",
  divergent: "something differs",
  unsupported: "the state that the block builds on is not stored",
  damaged: "damaged: a row that it needs is missing or altered",
};

export function addDiffCommand(program: Command, run: RunCommand): void {
  program
    .command("diff")
    .summary("show in what a block differs: declared against computed, or under two rule sets")
    .description(
      "Executes one block on its parent's state and shows every field, receipt and entry of the state that differs " +
        "from what the block declares, or between two rule sets. Nothing is written.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", "cluster_config.json (default: found in or beside the database folder)")
    .addOption(new Option("--root-tip <hash>", "hash of the root block to take as the tip").argParser(parseHash))
    .requiredOption("--block <block>", "SHARD:HEIGHT, SHARD:tip, a hash or an id")
    .option(
      "--rules <rules>",
      "rule set to execute by: goquarkchain, istanbul … osaka, +3855,-1884 (default: the chain's)",
    )
    .option("--against <rules>", "compare with an execution by these rules, not with what the block declares")
    .option("--json", "print JSON instead of the text")
    .addHelpText("after", `\nExamples:\n${indented(EXAMPLES)}\n\n${exitCodesText(EXIT_CODES)}`)
    .action(({ db, config, rootTip, block, rules, against, json }: DiffOptions) =>
      run(async () => {
        const { runDiff } = await import("./run-diff.ts");
        return runDiff({ db, configPath: config, rootTip, block, rules, against, json: json === true });
      }),
    );
}
