import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { UsageError } from "../../node/codec/errors.ts";
import { addEngineOptions, type EngineOptions, engineChoiceOf, engineCommandHelp } from "../engines/engine-options.ts";
import type { GcMode } from "../engines/engine-spec.ts";
import type { AfterReplay, ServeAfterReplay } from "../terminal/after-replay.ts";
import type { RunCommand } from "../terminal/command.ts";
import { EXIT, type ExitCode, type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { type ListenAddress, metricsOption } from "../terminal/metrics/listen-address.ts";
import { collectShard, parsePositiveNumber, parseWorkers } from "../terminal/numbers.ts";
import { isBegun } from "./record-file.ts";
import type { ReplayRequest } from "./replay-request.ts";

interface ReplayOptions extends EngineOptions {
  readonly db: string;
  readonly config?: string;
  readonly datadir: string;
  readonly fromGenesis?: true;
  readonly resume?: true | "auto";
  readonly to?: number;
  readonly shard?: readonly number[];
  readonly workers?: number;
  readonly gcmode: GcMode;
  readonly withForks?: true;
  readonly report?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly metrics?: ListenAddress;
  readonly live?: true;
  readonly node_id?: string;
}

/** `qkc replay`: the whole chain from genesis, through the Engine API, into fresh execution layers. */
export function addReplayCommand(program: Command, run: RunCommand, serve: ServeAfterReplay): void {
  const command = program
    .command("replay")
    .summary("rebuild the chain from genesis through the Engine API, and prove every block on the way")
    .description(
      "Feeds every block of an existing database, from the genesis blocks that the configuration makes, to one execution " +
        "layer a shard, and holds what each computes against what the chain declares. Cross-shard deposits are those that " +
        "the run itself has computed. The first root block with a difference ends the run. The database is only read.",
    )
    .requiredOption("--db <dir>", "folder of the old database")
    .option("--config <file>", "cluster_config.json (default: found in or beside the database folder)")
    .requiredOption("--datadir <dir>", "folder of the new stores: cl-<shard> for each shard, el-<shard> beside it")
    .addOption(new Option("--from-genesis", "start afresh; the default").conflicts("resume"))
    .addOption(
      new Option(
        "--resume [when]",
        "continue the run in --datadir, however it ended; auto: where there is one",
      ).choices(["auto"]),
    )
    .addOption(
      new Option("--to <height>", "last root height, inclusive (default: the tip)").argParser(parsePositiveNumber),
    )
    .addOption(
      new Option("--shard <id>", "replay this full shard id only; may be given several times").argParser(collectShard),
    )
    .addOption(new Option("--workers <count>", "threads (default: one for each core)").argParser(parseWorkers));
  addEngineOptions(command)
    .addOption(
      new Option("--gcmode <mode>", "embedded engines: keep all states, or those of the newest blocks")
        .choices(["archive", "prune"])
        .default("archive"),
    )
    .option("--with-forks", "also feed the side chains that the database holds, and follow their reorganisations")
    .option("--live", "go on as a live slave from where the replay ends, as qkc slave does; needs --node_id")
    .option("--node_id <id>", "with --live: which of SLAVE_LIST the slave is")
    .option("--report <dir>", "folder of the report (default: reports/<time>-<database>)")
    .option("--json", "print the report instead of the summary")
    .option("--quiet", "no progress; a one-line summary")
    .addOption(metricsOption())
    .addHelpText(
      "after",
      `\n${engineCommandHelp("--datadir")}\n\nExamples:\n${EXAMPLES}\n\n${exitCodesText(EXIT_CODES)}`,
    )
    .action((options: ReplayOptions) => run(() => replayAndServe(options, serve)));
}

/** The slave is begun behind a clean replay only: on a chain with a difference it would serve what nobody else has. */
async function replayAndServe(options: ReplayOptions, serve: ServeAfterReplay): Promise<ExitCode> {
  const request = requestOf(options);
  const start = options.live === true ? await afterReplay(options, request) : undefined;
  const exitCode = await (await import("./run-replay.ts")).runReplay(request);
  return start === undefined || exitCode !== EXIT.clean ? exitCode : await serve(start);
}

async function afterReplay({ node_id: nodeId }: ReplayOptions, request: ReplayRequest): Promise<AfterReplay> {
  const { db, datadir, gcMode, engines, to, shards } = request;
  if (nodeId === undefined) throw new UsageError("--live needs --node_id: which of the configuration's slaves it is");
  if (engines.kind !== "embedded") throw new UsageError("--live goes on with engines of its own: leave out --engine");
  if (to !== undefined || shards !== undefined)
    throw new UsageError("--live needs the whole chain: leave out --to and --shard");
  const { findConfigPath } = await import("../database/open-database.ts");
  const configPath = request.configPath ?? findConfigPath(db);
  return { configPath, nodeId, datadir, gcMode };
}

function requestOf(options: ReplayOptions): ReplayRequest {
  return {
    db: options.db,
    configPath: options.config,
    datadir: options.datadir,
    resume: options.resume === true || (options.resume === "auto" && isBegun(options.datadir)),
    to: options.to,
    shards: options.shard === undefined ? undefined : [...new Set(options.shard)].sort((a, b) => a - b),
    workers: options.workers ?? availableParallelism(),
    engines: engineChoiceOf(options),
    gcMode: options.gcmode,
    withForks: options.withForks === true,
    reportFolder: options.report,
    json: options.json === true,
    quiet: options.quiet === true,
    metrics: options.metrics,
  };
}

const EXAMPLES = [
  "qkc replay --db data/mainnet --datadir new/mainnet",
  "qkc replay --db data/mainnet --datadir new/mainnet --resume",
  "qkc replay --db data/mainnet --datadir new/mainnet --engine-cmd 'qkc el'",
  "qkc replay --db data/mainnet --datadir new/1 --shard 1 --engine http://127.0.0.1:8551 --jwt-secret jwt.hex",
]
  .map((line) => `  ${line}`)
  .join("\n");

const EXIT_CODES: ExitCodeMeanings = {
  clean: "clean: every block was executed to what it declares",
  error: "no answer: usage, configuration, an engine that fails or is another chain's, a disk that is full",
  divergent: "divergence: a block does not execute to what it declares; the run ends with its root block",
  unsupported:
    "unsupported: an engine without QuarkChain's extension, or something in the chain that is not understood",
  damaged: "damaged: the old database contradicts itself or lacks rows",
  interrupted: "interrupted: --resume continues",
};
