import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { collectShard, parsePositiveNumber, parseWorkers } from "./numbers.ts";

/** `verb`: what the command does to blocks. */
export function addRangeOptions(command: Command, verb: string): Command {
  return command
    .addOption(new Option("--from <height>", "first root height (default: 1)").argParser(parsePositiveNumber))
    .addOption(
      new Option("--to <height>", "last root height, inclusive (default: the tip)").argParser(parsePositiveNumber),
    )
    .addOption(
      new Option("--last <count>", "the last COUNT root blocks")
        .argParser(parsePositiveNumber)
        .conflicts(["from", "to"]),
    )
    .addOption(
      new Option("--shard <id>", `${verb} this full shard id only; may be given several times`).argParser(collectShard),
    )
    .addOption(workersOption());
}

export function workersOption(): Option {
  return new Option("--workers <count>", "worker threads (default: one for each core)").argParser(parseWorkers);
}

export function defaultWorkers(): number {
  return availableParallelism();
}
