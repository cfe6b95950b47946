import type { Command } from "commander";
import type { RedisRequest } from "../cluster/redis.ts";
import { addRedisOptions, type RedisOptions, redisRequest } from "../cluster/redis-options.ts";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { type ExitCode, exitCodesText } from "../terminal/exit-code.ts";
import { addRangeOptions } from "../terminal/range-options.ts";
import { type CheckdbOptions, type CheckdbRequest, checkdbRequest } from "../work/checkdb-request.ts";
import { addCheckOptions } from "./check-options.ts";
import { CHECKDB_EXIT_CODES } from "./checkdb-command.ts";

/** A check whose ranges workers elsewhere take. */
export interface CoordinatorRequest {
  readonly check: CheckdbRequest;
  readonly redis: RedisRequest;
  readonly queue: string;
}

const EXAMPLES = [
  "qkc coordinator --db data/mainnet --redis redis://10.0.0.5:6379",
  "QKC_REDIS_URL=rediss://:secret@redis.internal:6380 qkc coordinator --db data/mainnet --last 100000 --json",
];

/** `qkc coordinator`: qkc checkdb, executed by workers on other machines. */
export function addCoordinatorCommand(
  program: Command,
  run: RunCommand,
  coordinate: (request: CoordinatorRequest) => Promise<ExitCode>,
): void {
  const command = program
    .command("coordinator")
    .summary("check a database with workers on many machines")
    .description(
      "Checks as qkc checkdb does, its ranges given to every qkc worker that meets it at a Redis or Valkey server. The report is " +
        "the one of a single machine. Ranges of workers that fall silent are given to others; what a range is found to be is " +
        "never tried again.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP);
  addRedisOptions(command);
  addCheckOptions(addRangeOptions(command, "check"))
    .option("--quiet", "no progress; a one-line summary")
    .addHelpText(
      "after",
      `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n${exitCodesText(CHECKDB_EXIT_CODES)}`,
    )
    .action((options: CheckdbOptions & RedisOptions) =>
      run(() => coordinate({ check: checkdbRequest(options), redis: redisRequest(options), queue: options.queue })),
    );
}
