import type { Command } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";

interface DoctorOptions {
  readonly db: string;
  readonly config?: string;
  readonly deep?: true;
  readonly json?: true;
}

const EXIT_CODES: ExitCodeMeanings = {
  clean: "fit: every block can be checked",
  error: "no answer: usage, configuration, or no database",
  unsupported: "fit with limits: something cannot be proved from it",
  damaged: "damaged: rows or files are missing or contradict each other",
};

export function addDoctorCommand(program: Command, run: RunCommand): void {
  program
    .command("doctor")
    .summary("say what a database is, whether it is whole and what can be proved from it")
    .description(
      "Looks at a database before hours are spent on it: client, files, tips, genesis, which states are stored, what is " +
        "missing, and how long a check would take. Blocks are looked at in samples; nothing is written.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP)
    .option("--deep", "look at every block, every link and every state root")
    .option("--json", "print JSON instead of the tables")
    .addHelpText("after", `\n${exitCodesText(EXIT_CODES)}`)
    .action(({ db, config, deep, json }: DoctorOptions) =>
      run(async () =>
        (await import("./run-doctor.ts")).runDoctor({
          db,
          configPath: config,
          deep: deep === true,
          json: json === true,
        }),
      ),
    );
}
