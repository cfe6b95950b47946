import { type Command, Option } from "commander";
import { reporterNames } from "../reporters/write-forms.ts";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { type ExitCode, type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parseHash, parsePositiveNumber, parseSignedNumber } from "../terminal/numbers.ts";
import { addRangeOptions } from "../terminal/range-options.ts";
import { type CheckdbOptions, type CheckdbRequest, checkdbRequest } from "../work/checkdb-request.ts";

/** `checkdb` executes a checked command line; it is handed in, since its threads run another file in tests. */
export function addCheckdbCommand(
  program: Command,
  run: RunCommand,
  checkdb: (request: CheckdbRequest) => Promise<ExitCode>,
): void {
  const command = program
    .command("checkdb")
    .summary("re-execute a range of an existing database and prove every block")
    .description(
      "Re-executes the minor blocks that root blocks FROM..TO confirm, each on its parent's archived state, validates " +
        "the root blocks, and compares everything computed with what the chain declares. The database is only read.",
    )
    .option("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP);
  addRangeOptions(command, "check")
    .option("--unconfirmed", "also check the minor blocks above the tip that no root block confirms yet")
    .option("--report <dir>", "folder of the report and the checkpoint (default: reports/<time>-<database>)")
    .addOption(
      new Option(
        "--reporter <forms>",
        "also write the report as html, junit, markdown, github, with commas between (default: github in a job of GitHub's)",
      ).argParser(reporterNames),
    )
    .option("--json", "print the report instead of the summary")
    .addOption(
      new Option(
        "--resume [when]",
        "continue an interrupted run: the one in --report, or the latest of the same plan in reports/; auto: where there is one, and else start",
      ).choices(["auto"]),
    )
    .addOption(
      new Option("--max-divergences <count>", "stop behind the root block with the COUNT-th divergence").argParser(
        parsePositiveNumber,
      ),
    )
    .addOption(new Option("--fail-fast", "the same as --max-divergences 1").conflicts("maxDivergences"))
    .option("--allow <file>", "JSON list of known divergences to accept, each until a day (docs/report.md)")
    .option("--verify-pow", "check proof-of-work seals too")
    .option(
      "--check-archive",
      "compare each row that execution and the chain decide with the one in the database: trie nodes, code, indexes, lists, marks",
    )
    .addOption(
      new Option("--verify-checksums <which>", "table checksums: of all but self-proving rows, or of everything read")
        .choices(["default", "all"])
        .default("default"),
    )
    .addOption(new Option("--root-tip <hash>", "hash of the root block to take as the tip").argParser(parseHash))
    .addOption(
      new Option("--stall-timeout <seconds>", "name a block that takes longer than this")
        .argParser(parsePositiveNumber)
        .default(60),
    )
    .option("--quiet", "no progress; a one-line summary")
    .addOption(
      new Option("--cluster_config <file>", "as --config; names the database too where --db does not")
        .conflicts("config")
        .helpGroup(OLD),
    )
    .addOption(
      new Option("--check_db [value]", "understood and ignored: this command does nothing else").helpGroup(OLD),
    )
    .addOption(
      new Option("--check_db_rblock_from <height>", "root height to start from, downwards (-1: the tip)")
        .argParser(parseSignedNumber)
        .conflicts(["from", "to", "last"])
        .helpGroup(OLD),
    )
    .addOption(
      new Option(
        "--check_db_rblock_to <height>",
        "root height to end at (0: the first; below 0: the first, for goquarkchain so many blocks below the start)",
      )
        .argParser(parseSignedNumber)
        .conflicts(["from", "to", "last"])
        .helpGroup(OLD),
    )
    .addOption(
      new Option("--check_db_rblock_batch <count>", "root blocks that a worker takes at once")
        .argParser(parsePositiveNumber)
        .helpGroup(OLD),
    )
    .addHelpText(
      "after",
      `\n${NUMBERS}\n\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n${exitCodesText(CHECKDB_EXIT_CODES)}`,
    )
    .action((options: CheckdbOptions) => run(() => checkdb(checkdbRequest(options))));
}

const OLD = "Options of the clients' own check (pyquarkchain's cluster.py, goquarkchain's cluster):";
const NUMBERS = "Heights, ids and counts are decimal or 0x.";
const EXAMPLES = [
  "qkc checkdb --db data/mainnet                        all root blocks up to the tip",
  "qkc checkdb --db data/mainnet --last 100000          the newest 100,000 root blocks",
  "qkc checkdb --db data/mainnet --from 5000 --to 5099  one hundred root blocks",
  "qkc checkdb --db data/mainnet --shard 0x10001        one shard",
  "qkc checkdb --db data/mainnet --resume               go on after an interruption",
  "qkc checkdb --db data/mainnet --reporter html,junit  with a page and XML beside the report",
  "qkc checkdb --db data/mainnet --json | jq .verdict   for scripts",
];

/** Also what every other command means by its exit codes, where its help says nothing else. */
export const CHECKDB_EXIT_CODES: ExitCodeMeanings = {
  clean: "clean: every block of the range was checked and nothing differs",
  error: "no answer: usage, configuration or infrastructure",
  divergent: "divergence: at least one block does not re-execute to what it declares",
  unsupported: "unsupported: something in the range is not understood by this version",
  damaged: "damaged: the database contradicts itself or lacks rows",
  interrupted: "interrupted: a checkpoint is left, --resume continues",
};
