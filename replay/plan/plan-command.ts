import { type Command, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { exitCodesText } from "../terminal/exit-code.ts";
import { collectShard, parseHash, parsePositiveNumber } from "../terminal/numbers.ts";
import type { PlanCommandRequest } from "./run-plan.ts";

interface PlanOptions {
  readonly db: string;
  readonly config?: string;
  readonly jobs: number;
  readonly from?: number;
  readonly to?: number;
  readonly last?: number;
  readonly shard?: readonly number[];
  readonly unconfirmed?: true;
  readonly rootTip?: string;
  readonly json?: true;
}

const EXAMPLES = [
  "qkc plan --db data/mainnet --jobs 8",
  'echo "matrix=$(qkc plan --db data/mainnet --last 100000 --jobs 8 --json | jq -c .matrix)" >> "$GITHUB_OUTPUT"',
];

/** `qkc plan`: how a check is shared out among machines. */
export function addPlanCommand(program: Command, run: RunCommand): void {
  program
    .command("plan")
    .summary("cut a check into parts of about equal work, for machines that share it")
    .description(
      "Looks at a database and cuts what qkc checkdb would check into contiguous parts, the heaviest as light as can be, " +
        "by gas and blocks. Each is one qkc checkdb --part; qkc report merge puts their reports together. Fewer parts than " +
        "asked for where there is not enough to share out.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP)
    .addOption(new Option("--jobs <count>", "parts to make").argParser(parsePositiveNumber).makeOptionMandatory())
    .addOption(new Option("--from <height>", "first root height (default: 1)").argParser(parsePositiveNumber))
    .addOption(
      new Option("--to <height>", "last root height, inclusive (default: the tip)").argParser(parsePositiveNumber),
    )
    .addOption(
      new Option("--last <count>", "the last COUNT root blocks")
        .argParser(parsePositiveNumber)
        .conflicts(["from", "to"]),
    )
    .addOption(
      new Option("--shard <id>", "plan this full shard id only; may be given several times").argParser(collectShard),
    )
    .option("--unconfirmed", "also plan the minor blocks above the tip that no root block confirms yet")
    .addOption(new Option("--root-tip <hash>", "hash of the root block to take as the tip").argParser(parseHash))
    .option("--json", "print the plan as JSON, with a matrix for CI")
    .addHelpText(
      "after",
      `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n` +
        exitCodesText({
          clean: "planned",
          error: "no answer: usage, configuration or infrastructure",
          unsupported: "unsupported: the database is not understood by this version",
          damaged: "damaged: the database cannot be looked at",
        }),
    )
    .action(({ config, json, ...options }: PlanOptions) => {
      const request: PlanCommandRequest = { ...options, configPath: config, json: json === true };
      return run(async () => (await import("./run-plan.ts")).runPlan(request));
    });
}
