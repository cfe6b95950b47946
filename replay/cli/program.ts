import { Command, Option } from "commander";
import { UnsupportedError } from "../../node/codec/errors.ts";
import { addBisectCommand } from "../bisect/bisect-command.ts";
import { addElConformanceCommand } from "../conformance/el-conformance-command.ts";
import { addDiffCommand } from "../diff/diff-command.ts";
import { addElCommand } from "../el/el-command.ts";
import type { GenesisRequest } from "../genesis/genesis-command.ts";
import { addLookCommands, type LookHandlers } from "../inspect/look-commands.ts";
import { addReplayCommand } from "../replay/replay-command.ts";
import { addReportCommand } from "../reporters/report-command.ts";
import { addReproduceCommand } from "../reproduce/reproduce-command.ts";
import { EXIT_CODE_MEANINGS, type ExitCode } from "../terminal/exit-code.ts";
import { parseHash, parsePositiveNumber, parseSignedNumber } from "../terminal/numbers.ts";
import { addRangeOptions } from "../terminal/range-options.ts";
import { addTraceCommand } from "../trace/trace-command.ts";
import { addWhatifCommand } from "../whatif/whatif-command.ts";
import { type CheckdbOptions, type CheckdbRequest, checkdbRequest } from "../work/checkdb-request.ts";

/** Commands that the design names and this version does not have. */
const FUTURE_COMMANDS = ["slave"];

export interface CommandHandlers extends LookHandlers {
  checkdb(request: CheckdbRequest): Promise<void>;
  genesis(request: GenesisRequest): Promise<void>;
  /** Runs a command that is loaded when it is needed, and ends the process with what it answers. */
  run(command: () => Promise<ExitCode>): Promise<void>;
}

/** The command line of `qkc`. It throws CommanderError instead of ending the process. */
export function createProgram(version: string, handlers: CommandHandlers): Command {
  const program = new Command("qkc")
    .description("Re-executes QuarkChain history and says exactly where a block differs")
    .version(version, "--version", "print the version")
    .helpOption("--help", "print this help")
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError("(run with --help for all options)")
    .addHelpText("after", exitCodesText());
  addCheckdb(program, handlers);
  addGenesis(program, handlers);
  addLookCommands(program, handlers);
  addReplayCommand(program, handlers);
  addElCommand(program, handlers);
  addElConformanceCommand(program, handlers);
  addWhatifCommand(program, handlers);
  addBisectCommand(program, handlers);
  addTraceCommand(program, handlers);
  addDiffCommand(program, handlers);
  addReproduceCommand(program, handlers);
  addReportCommand(program, handlers);
  for (const name of FUTURE_COMMANDS) addFutureCommand(program, name);
  return program;
}

/** Lets the old commands' options stand alone: `qkc --check_db=True …` is `qkc checkdb --check_db=True …`. */
export function withCommand(args: readonly string[]): string[] {
  const old = args.some((argument) => argument.startsWith("--check_db"));
  return old && args[0].startsWith("-") ? ["checkdb", ...args] : [...args];
}

function addCheckdb(program: Command, handlers: CommandHandlers): void {
  const command = program
    .command("checkdb")
    .summary("re-execute a range of an existing database and prove every block")
    .description(
      "Re-executes the minor blocks that root blocks FROM..TO confirm, each on its parent's archived state, validates " +
        "the root blocks, and compares everything computed with what the chain declares. The database is only read.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", "cluster_config.json (default: found in or beside the database folder)");
  addRangeOptions(command, "check")
    .option("--unconfirmed", "also check the minor blocks above the tip that no root block confirms yet")
    .option("--report <dir>", "folder of the report and the checkpoint (default: reports/<time>-<database>)")
    .option("--json", "print the report instead of the summary")
    .option("--resume", "continue an interrupted run: the one in --report, or the latest of the same plan in reports/")
    .addOption(
      new Option("--max-divergences <count>", "stop behind the root block with the COUNT-th divergence").argParser(
        parsePositiveNumber,
      ),
    )
    .addOption(new Option("--fail-fast", "the same as --max-divergences 1").conflicts("maxDivergences"))
    .option("--allow <file>", "JSON list of known divergences to accept, each until a day (docs/report.md)")
    .option("--verify-pow", "check proof-of-work seals too")
    .option("--check-archive", "compare each trie node and code that execution produces with the row in the database")
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
      new Option("--check_db [value]", "understood and ignored: this command does nothing else").helpGroup(OLD),
    )
    .addOption(
      new Option("--check_db_rblock_from <height>", "root height to start from, downwards (-1: the tip)")
        .argParser(parseSignedNumber)
        .conflicts(["from", "to", "last"])
        .helpGroup(OLD),
    )
    .addOption(
      new Option("--check_db_rblock_to <height>", "root height to end at (0: the first)")
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
      `\n${NUMBERS}\n\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n${exitCodesText()}`,
    )
    .action((options: CheckdbOptions) => handlers.checkdb(checkdbRequest(options)));
}

function addGenesis(program: Command, handlers: CommandHandlers): void {
  program
    .command("genesis")
    .summary("print the genesis blocks that a configuration defines")
    .description(
      "Prints the hash of the root chain's genesis block and, of each shard's, the hash, the meta hash and the state " +
        "root, as they follow from a configuration alone. No database is needed.",
    )
    .requiredOption("--config <file>", "cluster_config.json")
    .option("--json", "print JSON instead of the table")
    .addHelpText("after", "\nExample:\n  qkc genesis --config data/mainnet/cluster_config.json")
    .action((options: { readonly config: string; readonly json?: true }) =>
      handlers.genesis({ configPath: options.config, json: options.json === true }),
    );
}

const OLD = "Options of pyquarkchain's cluster.py:";
const NUMBERS = "Heights, ids and counts are decimal or 0x.";
const EXAMPLES = [
  "qkc checkdb --db data/mainnet                        all root blocks up to the tip",
  "qkc checkdb --db data/mainnet --last 100000          the newest 100,000 root blocks",
  "qkc checkdb --db data/mainnet --from 5000 --to 5099  one hundred root blocks",
  "qkc checkdb --db data/mainnet --shard 0x10001        one shard",
  "qkc checkdb --db data/mainnet --resume               go on after an interruption",
  "qkc checkdb --db data/mainnet --json | jq .verdict   for scripts",
];

function exitCodesText(): string {
  const lines = EXIT_CODE_MEANINGS.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return `\nExit codes:\n${lines.join("\n")}`;
}

function addFutureCommand(program: Command, name: string): void {
  program
    .command(name, { hidden: true })
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new UnsupportedError(`qkc ${name} does not exist in this version: run qkc --help for what there is`);
    });
}
