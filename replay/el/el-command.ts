import { type Command, InvalidArgumentError, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parseHost, parsePositiveNumber, parseSeconds, parseWholeNumber } from "../terminal/numbers.ts";

interface ElOptions {
  readonly datadir: string;
  readonly config: string;
  readonly shard: number;
  readonly "authrpc.addr": string;
  readonly "authrpc.port": number;
  readonly "authrpc.vhosts": string;
  readonly jwtSecret?: string;
  readonly http?: true;
  readonly "http.addr": string;
  readonly "http.port": number;
  readonly "http.vhosts": string;
  readonly "rpc.evmtimeout": number;
  readonly gcmode: "archive" | "prune";
  readonly states: number;
  readonly durability: "disk" | "process";
  readonly cache: number;
  readonly rules: string;
  readonly logFormat: "text" | "json";
}

/** `qkc el`: one shard's execution layer as a process. */
export function addElCommand(program: Command, run: RunCommand): void {
  program
    .command("el")
    .summary("run one shard's execution layer: Engine API, eth_*, a store of its own")
    .description(
      "Serves the Engine API with QuarkChain's extension for one shard until it is told to stop. Blocks come from a " +
        "consensus layer; what was acknowledged survives whatever ends the process. Says the addresses on stderr when ready.",
    )
    .requiredOption("--datadir <dir>", "folder of the store; made if it does not exist, bound to its shard and chain")
    .requiredOption("--config <file>", "cluster_config.json")
    .addOption(new Option("--shard <id>", "full shard id").argParser(parsePositiveNumber).makeOptionMandatory())
    .addOption(new Option("--authrpc.addr <host>", "address of the Engine API").argParser(parseHost).default(LOOPBACK))
    .addOption(new Option("--authrpc.port <port>", "its port; 0 takes a free one").argParser(parsePort).default(8551))
    .option(
      "--authrpc.vhosts <names>",
      "host names it answers to besides addresses, with commas; * for any",
      "localhost",
    )
    .option("--jwt-secret <file>", "secret of its tokens, made if absent (default: jwt.hex in the data directory)")
    .option("--http", "serve eth_* without tokens on a port of its own too")
    .addOption(new Option("--http.addr <host>", "address of that port").argParser(parseHost).default(LOOPBACK))
    .addOption(new Option("--http.port <port>", "that port; 0 takes a free one").argParser(parsePort).default(8545))
    .option("--http.vhosts <names>", "host names it answers to besides addresses, with commas; * for any", "localhost")
    .addOption(
      new Option("--rpc.evmtimeout <seconds>", "how long eth_call, eth_estimateGas and qkc_debug… may run")
        .argParser(parseSeconds)
        .default(5),
    )
    .addOption(
      new Option("--gcmode <mode>", "keep all states, or those of the newest blocks")
        .choices(["archive", "prune"])
        .default("archive"),
    )
    .addOption(
      new Option("--states <count>", "prune: states to keep, besides all that are not finalized")
        .argParser(parsePositiveNumber)
        .default(1024),
    )
    .addOption(
      new Option("--durability <level>", "what acknowledged blocks survive: power failures, or only the process's end")
        .choices(["disk", "process"])
        .default("disk"),
    )
    .addOption(new Option("--cache <mib>", "memory for states").argParser(parsePositiveNumber).default(256))
    .option("--rules <set>", "execution rules (docs/hardforks.md)", "quarkchain")
    .addOption(new Option("--log-format <format>", "lines on stderr").choices(["text", "json"]).default("text"))
    .addHelpText("after", `\nExamples:\n${EXAMPLES}\n\n${exitCodesText(EXIT_CODES)}`)
    .action((options: ElOptions) => run(async () => (await import("./run-el.ts")).runEl(requestOf(options))));
}

function requestOf(options: ElOptions) {
  const { datadir, config, shard, jwtSecret, gcmode, states, durability, cache, rules, logFormat } = options;
  return {
    datadir,
    configPath: config,
    fullShardId: shard,
    jwtSecretPath: jwtSecret,
    authrpc: endpoint(options["authrpc.addr"], options["authrpc.port"], options["authrpc.vhosts"]),
    http:
      options.http === true ? endpoint(options["http.addr"], options["http.port"], options["http.vhosts"]) : undefined,
    retention: gcmode === "archive" ? ("archive" as const) : { states },
    durability,
    callTimeoutMs: options["rpc.evmtimeout"] * 1000,
    cacheBytes: cache * 2 ** 20,
    rules,
    logFormat,
  };
}

function endpoint(host: string, port: number, vhosts: string) {
  return { host, port, vhosts: vhosts.split(",") };
}

function parsePort(text: string): number {
  const port = parseWholeNumber(text);
  if (port > 65535) throw new InvalidArgumentError("The largest possible port is 65535.");
  return port;
}

const LOOPBACK = "127.0.0.1";

const EXAMPLES = [
  "qkc el --datadir el/1 --config cluster_config.json --shard 0x1",
  "qkc el --datadir el/1 --config cluster_config.json --shard 0x1 --http --gcmode prune --states 256",
]
  .map((line) => `  ${line}`)
  .join("\n");

const EXIT_CODES: ExitCodeMeanings = {
  clean: "stopped by SIGINT or SIGTERM: everything acknowledged is stored",
  error: "usage, configuration, a port or the data directory in use, or the disk cannot be written",
  damaged: "the data directory is damaged",
};
