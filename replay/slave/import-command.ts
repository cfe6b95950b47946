import { type Command, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parseHash, parsePositiveNumber } from "../terminal/numbers.ts";

interface ImportOptions {
  readonly cluster_config: string;
  readonly node_id: string;
  readonly datadir?: string;
  readonly base?: string;
  readonly rootBlocks?: number;
  readonly rootTip?: string;
  readonly cache: number;
}

const CACHE_MIB = 256;

/** `qkc slave import`: the stores of a slave do without the old database below them. */
export function addImportCommand(slave: Command, run: RunCommand): void {
  slave
    .command("import")
    .summary("take over what a slave needs of the old database below its stores")
    .description(
      "Copies the state some root blocks below the tip, and executes the blocks above it again into the slave's own stores; then " +
        "the old database may be put away. What lies below is answered as pruned from then on. The slave has to be stopped. " +
        "Ended at any moment, it leaves the stores as they were, over the database, and begins again the next time.",
    )
    .requiredOption("--cluster_config <file>", "cluster_config.json")
    .requiredOption("--node_id <id>", "which of SLAVE_LIST it is")
    .option("--datadir <dir>", "folder of its stores (default: the folder qkc in DB_PATH_ROOT)")
    .option("--base <dir>", "the old database (default: what the stores were begun on, or the one in DB_PATH_ROOT)")
    .addOption(
      new Option(
        "--root-blocks <count>",
        "root blocks whose minor blocks are kept (default: MAX_STALE_ROOT_BLOCK_HEIGHT_DIFF, below which no master sets a chain back)",
      ).argParser(parsePositiveNumber),
    )
    .addOption(
      new Option(
        "--root-tip <hash>",
        "root block at which the shards end, where neither the stores nor a master's database beside the shards' say so",
      ).argParser(parseHash),
    )
    .addOption(new Option("--cache <mib>", "memory for states").argParser(parsePositiveNumber).default(CACHE_MIB))
    .addHelpText("after", `\nExamples:\n${EXAMPLES}\n\n${exitCodesText(EXIT_CODES)}`)
    .action(({ cluster_config, node_id, datadir, base, rootBlocks, rootTip, cache }: ImportOptions) =>
      run(async () =>
        (await import("./run-import.ts")).runImport({
          ...{ configPath: cluster_config, nodeId: node_id, datadir, base, rootBlocks, rootTip },
          cacheBytes: cache * 2 ** 20,
        }),
      ),
    );
}

const EXAMPLES = [
  "qkc slave import --cluster_config cluster_config.json --node_id S0",
  "qkc slave import --cluster_config cluster_config.json --node_id S0 --base /old/data --root-blocks 1000",
]
  .map((line) => `  ${line}`)
  .join("\n");

const EXIT_CODES: ExitCodeMeanings = {
  clean: "the stores do without the old database",
  error: "usage, configuration, no old database, the stores in use, or the disk: they stand on it as before",
  interrupted: "SIGINT or SIGTERM came: they stand on it as before",
  damaged: "the old database or the stores are damaged: they stand on it as before",
};
