import { type Command, InvalidArgumentError, Option } from "commander";
import { addEngineOptions, type EngineOptions, engineChoiceOf, engineCommandHelp } from "../engines/engine-options.ts";
import type { AfterReplay } from "../terminal/after-replay.ts";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { type ListenAddress, metricsOption } from "../terminal/metrics/listen-address.ts";
import { parseHost, parsePositiveNumber } from "../terminal/numbers.ts";
import type { SlaveRequest } from "./run-slave.ts";

interface SlaveOptions extends EngineOptions {
  readonly cluster_config: string;
  readonly node_id: string;
  readonly datadir?: string;
  readonly base?: string;
  readonly host: string;
  readonly durability: "disk" | "process";
  readonly gcmode: "archive" | "prune";
  readonly states: number;
  readonly cache: number;
  readonly verify?: true;
  readonly logFormat: "text" | "json";
  readonly metrics?: ListenAddress;
}

const EVERY_ADDRESS = "0.0.0.0";
const STATES = 1024;
const CACHE_MIB = 64;

/** `qkc slave`: takes the place of pyquarkchain's slave.py in a cluster. */
export function addSlaveCommand(program: Command, run: RunCommand): Command {
  const command = program
    .command("slave")
    .summary("run a live slave of a cluster in the place of slave.py")
    .description(
      "Serves the shards that the configuration gives a slave, under a pyquarkchain master and beside pyquarkchain's slaves, " +
        "until the master's link ends or a signal comes. It takes the flags of slave.py, so that what starts the one can " +
        "start the other. Its stores are its own: databases of an old client beside them stay as they are.",
    )
    // Its subcommand would have to name them twice where commander required them.
    .option("--cluster_config <file>", "cluster_config.json; required")
    .option("--node_id <id>", "which of SLAVE_LIST it is; required")
    .option("--datadir <dir>", "folder of its stores (default: the folder qkc in DB_PATH_ROOT)")
    .option(
      "--base <dir>",
      "database of an old client that the stores stand on and that is only read (default: what they were begun on, or the " +
        "one in DB_PATH_ROOT)",
    )
    .addOption(new Option("--host <address>", "address to listen on").argParser(parseHost).default(EVERY_ADDRESS))
    .addOption(
      new Option("--durability <level>", "what acknowledged blocks survive: power failures, or only the process's end")
        .choices(["disk", "process"])
        .default("process"),
    )
    .addOption(
      new Option("--gcmode <mode>", "keep all states, or those of the newest blocks")
        .choices(["archive", "prune"])
        .default("archive"),
    )
    .addOption(
      new Option("--states <count>", "prune: states to keep, besides all that are not finalized")
        .argParser(parsePositiveNumber)
        .default(STATES),
    )
    .addOption(
      new Option("--cache <mib>", "memory for states, each shard").argParser(parsePositiveNumber).default(CACHE_MIB),
    );
  addEngineOptions(command)
    .option(
      "--verify",
      "look closer at each block that is refused for what it declares: a report with a small case of it, in the folder " +
        "refused of its stores",
    )
    .addOption(metricsOption())
    .addOption(new Option("--log-format <format>", "lines on stderr").choices(["text", "json"]).default("text"))
    .addOption(
      new Option("--enable_profiler [flag]", "of slave.py; this one has no such profile")
        .hideHelp()
        .argParser(parseFlag),
    )
    .addHelpText("after", `\n${ENGINES}\n\nExamples:\n${EXAMPLES}\n\n${exitCodesText(EXIT_CODES)}`)
    .action((options: SlaveOptions) => {
      for (const name of ["cluster_config", "node_id"] as const) {
        if (options[name] === undefined) command.error(`error: required option '--${name}' not specified`);
      }
      return run(async () => (await import("./run-slave.ts")).runSlave(requestOf(options)));
    });
  return command;
}

/** A slave that goes on where a replay has ended, as its own flags leave the rest. */
export function requestAfterReplay({ configPath, nodeId, datadir, gcMode }: AfterReplay): SlaveRequest {
  return {
    ...{ configPath, nodeId, datadir },
    base: undefined,
    host: EVERY_ADDRESS,
    durability: "process",
    retention: gcMode === "archive" ? "archive" : { states: STATES },
    cacheBytes: CACHE_MIB * 2 ** 20,
    engines: { kind: "embedded" },
    verifies: false,
    logFormat: "text",
    metrics: undefined,
  };
}

function requestOf({ cluster_config, node_id, gcmode, states, cache, ...options }: SlaveOptions) {
  const { datadir, base, host, durability, verify = false, logFormat, metrics } = options;
  const engines = engineChoiceOf(options);
  return {
    configPath: cluster_config,
    nodeId: node_id,
    datadir,
    base,
    host,
    durability,
    retention: gcmode === "archive" ? ("archive" as const) : { states },
    cacheBytes: cache * 2 ** 20,
    verifies: verify,
    logFormat,
    metrics,
    engines,
  };
}

/** Python's spellings, as argparse's type=bool of slave.py never refuses one. */
function parseFlag(text: string): boolean {
  if (/^(true|false|1|0)$/i.test(text)) return /^(true|1)$/i.test(text);
  throw new InvalidArgumentError("It is true or false.");
}

const ENGINES = `--engine, --engine-cmd: blocks are executed by these engines as well as by the slave itself, and have to come to the same;
everything that is asked of the slave is answered from its own stores. What an engine loses it is fed again.

${engineCommandHelp("the folder engines of its stores")}`;

const EXAMPLES = [
  "qkc slave --cluster_config cluster_config.json --node_id S0",
  "qkc slave --cluster_config=cluster_config.json --node_id=S1 --datadir /data/qkc --durability disk",
  "qkc slave --cluster_config cluster_config.json --node_id S0 --engine-cmd 'qkc el'",
]
  .map((line) => `  ${line}`)
  .join("\n");

const EXIT_CODES: ExitCodeMeanings = {
  clean: "the master's link ended, or SIGINT or SIGTERM came: everything acknowledged is stored",
  error: "usage, configuration, the port or the data directory in use, the master's chain not the stores', or the disk",
  unsupported: "the configuration asks for what does not exist here",
  damaged: "the data directory is damaged",
};
