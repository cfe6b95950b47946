import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parsePositiveNumber, parseWholeNumber, parseWorkers } from "../terminal/numbers.ts";

interface VerifyStateOptions {
  readonly db: string;
  readonly config?: string;
  readonly shard: number;
  readonly height?: number;
  readonly workers?: number;
  readonly json?: true;
}

const EXIT_CODES: ExitCodeMeanings = {
  clean: "whole: every node and code is there and hashes to its key",
  error: "no answer: usage, or no such block",
  unsupported: "the state is not stored, as in a pruned database",
  damaged: "damaged: the first rows that cannot be used are named",
  interrupted: "interrupted",
};

export function addVerifyStateCommand(program: Command, run: RunCommand): void {
  program
    .command("verify-state")
    .summary("walk the whole state after a block and prove every node and code of it")
    .description(
      "Reads every account, token, storage slot and code of the state after a block, proves each row by its hash, names " +
        "all that are missing or altered, and adds up what the accounts hold. Nothing is written.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", `${CONFIG_HELP}; it only names tokens`)
    .addOption(new Option("--shard <id>", "full shard id").argParser(parsePositiveNumber).makeOptionMandatory())
    .addOption(new Option("--height <height>", "block height (default: the newest)").argParser(parseWholeNumber))
    .addOption(new Option("--workers <count>", "worker threads (default: one for each core)").argParser(parseWorkers))
    .option("--json", "print JSON instead of the tables")
    .addHelpText("after", `\n${exitCodesText(EXIT_CODES)}`)
    .action(({ db, config, shard, height, workers = availableParallelism(), json }: VerifyStateOptions) =>
      run(async () => {
        const { runVerifyState } = await import("./run-verify-state.ts");
        return runVerifyState({ db, configPath: config, fullShardId: shard, height, workers, json: json === true });
      }),
    );
}
