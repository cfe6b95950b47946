import { type Command, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parsePositiveNumber } from "../terminal/numbers.ts";

interface ElConformanceOptions {
  readonly engine: string;
  readonly jwtSecret?: string;
  readonly db?: string;
  readonly config?: string;
  readonly shard?: number;
  readonly blocks: number;
  readonly json?: true;
}

/** `qkc el-conformance`: what an execution layer does with the contract of the Engine API. */
export function addElConformanceCommand(program: Command, run: RunCommand): void {
  program
    .command("el-conformance")
    .summary("try an execution layer on the contract of the Engine API")
    .description(
      "Feeds an engine the first blocks of a shard, right and wrong ones, and says of each rule of docs/engine-api.md " +
        "whether the engine keeps it. The engine stores blocks and moves its head: give it a data directory of its own.",
    )
    .requiredOption("--engine <url>", "its authenticated port, for example http://127.0.0.1:8551")
    .option("--jwt-secret <file>", "secret of its tokens (default: requests carry none)")
    .option("--db <dir>", "database whose blocks are sent (default: a small one that comes with this program)")
    .option("--config <file>", "cluster_config.json (default: found in or beside the database folder)")
    .addOption(
      new Option("--shard <id>", "full shard id (default: the one that the engine says it has)").argParser(
        parsePositiveNumber,
      ),
    )
    .addOption(new Option("--blocks <count>", "blocks to send at most").argParser(parsePositiveNumber).default(64))
    .option("--json", "print JSON instead of the list")
    .addHelpText("after", `\nExamples:\n${EXAMPLES}\n\n${exitCodesText(EXIT_CODES)}`)
    .action((options: ElConformanceOptions) =>
      run(async () => (await import("./run-el-conformance.ts")).runElConformance(requestOf(options))),
    );
}

function requestOf({ engine, jwtSecret, db, config, shard, blocks, json }: ElConformanceOptions) {
  return {
    url: engine,
    jwtSecretPath: jwtSecret,
    db,
    configPath: config,
    fullShardId: shard,
    blocks,
    json: json === true,
  };
}

const EXAMPLES = [
  "qkc el-conformance --engine http://127.0.0.1:8551 --jwt-secret el/1/jwt.hex",
  "qkc el-conformance --engine http://127.0.0.1:8551 --jwt-secret jwt.hex --db data/mainnet --blocks 200 --json",
]
  .map((line) => `  ${line}`)
  .join("\n");

const EXIT_CODES: ExitCodeMeanings = {
  clean: "every rule that could be tried is kept",
  error: "the engine cannot be reached or refuses the token, or the command line is wrong",
  divergent: "a rule is broken",
  unsupported: "the engine does not offer QuarkChain's methods",
  damaged: "the database is damaged",
};
