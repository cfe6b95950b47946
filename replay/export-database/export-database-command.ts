import { type Command, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parseHash } from "../terminal/numbers.ts";
import { indented } from "../text/indented.ts";

interface ExportDatabaseOptions {
  readonly db: string;
  readonly config?: string;
  readonly rootTip?: string;
  readonly block?: string;
  readonly verifyPow?: true;
  readonly out: string;
}

const EXAMPLES = [
  "qkc export-database nightly/reproducers/1-5310-0a1b2c3d.json --db data/mainnet --out small",
  "qkc export-database --block 1:5310 --db data/mainnet --out small",
  "qkc checkdb --db small                       the same divergence, on any machine",
];

const EXIT_CODES: ExitCodeMeanings = {
  clean: "written, and a check of it finds what a check of the database finds",
  error: "no answer: usage, configuration, no such block, or the two checks find different things",
  unsupported: "a reproducer is of a later version",
  damaged: "damaged: a row that is needed to begin with is missing or altered",
};

export function addExportDatabaseCommand(program: Command, run: RunCommand): void {
  program
    .command("export-database")
    .summary("cut one block out of a database, as a small one that checkdb reads")
    .description(
      "Writes a data directory that holds what a check of one block reads of a database, and nothing else: the root " +
        "block that confirms it with that block's neighbours in the shard, headers, deposits, and the parts of the states " +
        "that they touch. It is checked before the command ends. The database itself is only read.",
    )
    .argument("[reproducer]", "a reproducer, which names its block")
    .addOption(new Option("--block <block>", "SHARD:HEIGHT, SHARD:tip, a hash or an id"))
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP)
    .addOption(new Option("--root-tip <hash>", "hash of the root block to take as the tip").argParser(parseHash))
    .option("--verify-pow", "with what --verify-pow reads to check seals")
    .requiredOption("--out <dir>", "folder to write to: a new or an empty one")
    .addHelpText("after", `\nExamples:\n${indented(EXAMPLES)}\n\n${exitCodesText(EXIT_CODES)}`)
    .action((reproducer: string | undefined, options: ExportDatabaseOptions) =>
      run(async () => {
        const { runExportDatabase } = await import("./run-export-database.ts");
        const { db, config, rootTip, block, verifyPow, out } = options;
        return runExportDatabase({
          reproducer,
          block,
          db,
          configPath: config,
          rootTip,
          verifyPow: verifyPow === true,
          out,
        });
      }),
    );
}
