import type { Command } from "commander";
import { addRedisOptions, type RedisOptions, redisRequest, silenceOption } from "../cluster/redis-options.ts";
import type { WorkerRequest } from "../cluster/run-worker.ts";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { type ExitCode, exitCodesText } from "../terminal/exit-code.ts";
import { logFormatOption } from "../terminal/log-format-option.ts";
import { type ListenAddress, metricsOption } from "../terminal/metrics/listen-address.ts";
import { defaultWorkers, workersOption } from "../terminal/range-options.ts";

interface WorkerOptions extends RedisOptions {
  readonly db: string;
  readonly config?: string;
  readonly workers?: number;
  readonly silence: number;
  readonly once?: true;
  readonly metrics?: ListenAddress;
}

const EXAMPLES = [
  "qkc worker --db data/mainnet --redis redis://10.0.0.5:6379",
  "qkc worker --db /mnt/mainnet --once       for jobs that have to end",
];

/** `qkc worker`: checks ranges for a coordinator. */
export function addWorkerCommand(
  program: Command,
  run: RunCommand,
  work: (request: WorkerRequest) => Promise<ExitCode>,
): void {
  const command = program
    .command("worker")
    .summary("check ranges for a coordinator, with a copy of its database")
    .description(
      "Waits for runs of a qkc coordinator and checks their ranges. Its database is a copy or a mount of the coordinator's, which is " +
        "proved before the first range. A signal gives back what is not done.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP);
  addRedisOptions(command)
    .addOption(workersOption())
    .addOption(silenceOption())
    .addOption(metricsOption())
    .addOption(logFormatOption())
    .option("--once", "end when the first run is over")
    .addHelpText(
      "after",
      `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n` +
        exitCodesText({
          clean: "with --once: the run is over, whatever it found",
          error: "the server does not answer, or this is not the run's database",
          unsupported: "unsupported: the database is not understood by this version",
          damaged: "damaged: the database cannot be looked at",
          interrupted: "interrupted: what was not done is given back",
        }),
    )
    .action(({ db, config, workers, silence, once, metrics, ...options }: WorkerOptions) =>
      run(() =>
        work({
          ...{ db, configPath: config, silence, queue: options.queue, once: once === true, metrics },
          workers: workers ?? defaultWorkers(),
          redis: redisRequest(options),
        }),
      ),
    );
}
