import type { Command } from "commander";
import type { RunCommand } from "../terminal/command.ts";

export function addGenesisCommand(program: Command, run: RunCommand): void {
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
      run(async () => {
        const { runGenesis } = await import("./run-genesis.ts");
        return runGenesis({ configPath: options.config, json: options.json === true });
      }),
    );
}
