import { type Command, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parsePositiveNumber, parseWholeNumber } from "../terminal/numbers.ts";
import { indented } from "../text/indented.ts";

interface BisectOptions {
  readonly db: string;
  readonly config?: string;
  readonly shard: number;
  readonly good?: number;
  readonly bad?: number;
  readonly rules?: string;
  readonly engine?: string;
  readonly jwtSecret?: string;
  readonly report?: string;
  readonly json?: true;
}

const METHOD = [
  "Each block is executed on the state that its parent declares. That one block diverges says nothing of the next one,",
  "so the blocks above GOOD are executed in order up to the first that does. An engine (--engine) executes each block on",
  "its own state: it is fed from its head on, up to the first block that it does not call valid.",
];

const EXAMPLES = [
  "qkc bisect --db data/mainnet --shard 1                                        the whole chain of shard 1",
  "qkc bisect --db data/mainnet --shard 1 --good 5000 --bad 9000                 blocks 5001 to 9000",
  "qkc bisect --db data/mainnet --shard 1 --rules goquarkchain                   … by goquarkchain's rules",
  "qkc bisect --db data/mainnet --shard 1 --engine http://127.0.0.1:8551 --jwt-secret jwt.hex",
];

const EXIT_CODES: ExitCodeMeanings = {
  clean: "no block of the range diverges",
  error: "no answer: usage, configuration, or the engine does not answer",
  divergent: "a block diverges: the first one is shown",
  unsupported: "unsupported: a block cannot be executed",
  damaged: "damaged: a row that is needed is missing or altered",
};

export function addBisectCommand(program: Command, run: RunCommand): void {
  program
    .command("bisect")
    .summary("find the first block of a shard that diverges, and say why")
    .description(
      `Finds the lowest block above GOOD, up to BAD, that diverges, and looks closer at it. ${METHOD.join(" ")}`,
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", "cluster_config.json (default: found in or beside the database folder)")
    .addOption(new Option("--shard <id>", "full shard id").argParser(parsePositiveNumber).makeOptionMandatory())
    .addOption(new Option("--good <height>", "block below the range (default: 0)").argParser(parseWholeNumber))
    .addOption(
      new Option("--bad <height>", "last block of the range (default: the newest)").argParser(parsePositiveNumber),
    )
    .option(
      "--rules <rules>",
      "rule set to execute by: goquarkchain, istanbul … osaka, +3855,-1884 (default: the chain's)",
    )
    .addOption(
      new Option(
        "--engine <url>",
        "feed the blocks above its head to this engine, and find the first that it answers otherwise",
      ).conflicts(["rules", "good"]),
    )
    .option("--jwt-secret <file>", "secret of the engine's tokens: 64 hex digits")
    .option("--report <dir>", "folder of the reproducer (default: reports/<time>-<database>)")
    .option("--json", "print JSON instead of the text")
    .addHelpText("after", `\nExamples:\n${indented(EXAMPLES)}\n\n${exitCodesText(EXIT_CODES)}`)
    .action((options: BisectOptions) =>
      run(async () => {
        const { runBisect } = await import("./run-bisect.ts");
        const { db, config, shard, good, bad, rules, engine, jwtSecret, report, json } = options;
        return runBisect({
          db,
          configPath: config,
          fullShardId: shard,
          good: good ?? 0,
          bad,
          rules,
          engine: engine === undefined ? undefined : { url: engine, jwtSecretPath: jwtSecret },
          reportFolder: report,
          json: json === true,
        });
      }),
    );
}
