import type { Command } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { exitCodesText } from "../terminal/exit-code.ts";
import type { MergeRequest } from "./run-merge.ts";

interface MergeOptions {
  readonly db?: string;
  readonly config?: string;
  readonly report?: string;
  readonly json?: true;
  readonly quiet?: true;
}

const EXAMPLES = [
  "qkc report merge parts/1 parts/2 parts/3 --report reports/nightly",
  "qkc report merge parts --db data/mainnet              with a closer look at what differs",
  "qkc report merge parts --report reports/nightly       the folders in parts/",
];

/** `qkc report merge`: the report of a run that several machines shared. */
export function addMergeCommand(report: Command, run: RunCommand): void {
  report
    .command("merge")
    .summary("put the parts of a run together")
    .description(
      "Reads what qkc checkdb --part has left in each folder, or in the folders within it, and writes the report of the " +
        "whole run: but for its timing it is the one that a single process writes, with --db also where something differs. " +
        "Parts that are missing, given twice, or of another run, configuration or database are errors.",
    )
    .argument("<dirs...>", "folders of the parts")
    .option("--db <dir>", "the database, for a closer look at divergences: each part has seen its own alone")
    .option("--config <file>", CONFIG_HELP)
    .option("--report <dir>", "folder of the report (default: reports/<time>-<database>)")
    .option("--json", "print the report instead of the summary")
    .option("--quiet", "a one-line summary")
    .addHelpText(
      "after",
      `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n` +
        exitCodesText({
          clean: "clean: every block of the run was checked and nothing differs",
          error: "these parts make no whole run",
          divergent: "divergence: at least one block does not re-execute to what it declares",
          unsupported: "unsupported: something in the run is not understood by this version",
          damaged: "damaged: the database contradicts itself or lacks rows",
        }),
    )
    .action((folders: string[], { db, config, report: reportFolder, json, quiet }: MergeOptions) => {
      const request: MergeRequest = {
        folders,
        db,
        configPath: config,
        reportFolder,
        json: json === true,
        quiet: quiet === true,
      };
      return run(async () => (await import("./run-merge.ts")).runMerge(request));
    });
}
