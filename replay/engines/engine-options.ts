import { type Command, Option } from "commander";
import { UsageError } from "../../node/codec/errors.ts";
import type { EngineChoice } from "./engine-spec.ts";

/** What a command line says of engines. */
export interface EngineOptions {
  readonly engine?: readonly string[];
  readonly engineCmd?: string;
  readonly jwtSecret?: string;
}

export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--engine <url>", "Engine API of a running execution layer; once for each shard")
        .argParser((url: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), url])
        .conflicts("engineCmd"),
    )
    .option("--engine-cmd <command>", "start and watch a process for each shard, such as 'qkc el'; see below")
    .option("--jwt-secret <file>", "secret of the engines' tokens");
}

export function engineChoiceOf({ engine, engineCmd, jwtSecret }: EngineOptions): EngineChoice {
  if (engineCmd !== undefined) return { kind: "command", command: engineCmd, jwtSecretPath: jwtSecret };
  if (engine !== undefined) return { kind: "urls", urls: engine, jwtSecretPath: jwtSecret };
  if (jwtSecret !== undefined) throw new UsageError("--jwt-secret goes with --engine or --engine-cmd");
  return { kind: "embedded" };
}

/** `logs`: where the logs are, as said behind "in". */
export function engineCommandHelp(logs: string): string {
  return `--engine-cmd: {shard}, {datadir}, {port}, {jwt} and {config} in the command are replaced; a command with none of
them gets --datadir, --config, --shard, --authrpc.port and --jwt-secret behind it. What the processes print goes to logs/ in
${logs}; one that ends by itself is started again.`;
}
