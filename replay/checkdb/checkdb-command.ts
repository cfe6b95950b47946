import { type Command, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { type ExitCode, type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parsePart, parsePositiveNumber, parseSignedNumber } from "../terminal/numbers.ts";
import { addRangeOptions } from "../terminal/range-options.ts";
import { type CheckdbOptions, type CheckdbRequest, checkdbRequest } from "../work/checkdb-request.ts";
import { addCheckOptions } from "./check-options.ts";

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
    .addOption(
      new Option("--part <i/n>", "check the i-th of n parts of the run; qkc report merge puts their reports together")
        .argParser(parsePart)
        .conflicts(["maxDivergences", "failFast"]),
    )
    .addOption(
      new Option(
        "--since <report>",
        "start above what this clean run has checked, and prove that the history below is still the same chain",
      ).conflicts(["from", "last", "part"]),
    );
  addCheckOptions(command)
    .addOption(
      new Option(
        "--profile [what]",
        "time each block's stages (p50 and p99 in the report); cpu: also write a CPU profile of each range",
      ).choices(["cpu"]),
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
        .conflicts(["from", "to", "last", "since"])
        .helpGroup(OLD),
    )
    .addOption(
      new Option(
        "--check_db_rblock_to <height>",
        "root height to end at (0: the first; below 0: the first, for goquarkchain so many blocks below the start)",
      )
        .argParser(parseSignedNumber)
        .conflicts(["from", "to", "last", "since"])
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
  "qkc checkdb --db data/mainnet --since reports/last   what is new since a clean run",
  "qkc checkdb --db data/mainnet --part 2/8             the second of eight machines (qkc plan)",
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
