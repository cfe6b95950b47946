import { availableParallelism } from "node:os";
import { Argument, type Command, Option } from "commander";
import { UsageError } from "../../node/codec/errors.ts";
import type { DoctorCommand } from "../doctor/doctor-command.ts";
import { parsePositiveNumber, parseWholeNumber, parseWorkers } from "../terminal/numbers.ts";
import type { VerifyStateCommand } from "../verify-state/verify-state-command.ts";
import type { InspectRequest } from "./inspect.ts";
import { INSPECT_SUBJECTS, type InspectSubject } from "./subjects.ts";

/** The commands that look at a database without executing its blocks. */
export interface LookHandlers {
  doctor(command: DoctorCommand): Promise<void>;
  inspect(request: InspectRequest): Promise<void>;
  verifyState(command: VerifyStateCommand): Promise<void>;
}

export function addLookCommands(program: Command, handlers: LookHandlers): void {
  addDoctor(program, handlers);
  addInspect(program, handlers);
  addVerifyState(program, handlers);
}

const CONFIG_HELP = "cluster_config.json (default: found in or beside the database folder)";

interface DoctorOptions {
  readonly db: string;
  readonly config?: string;
  readonly deep?: true;
  readonly json?: true;
}

function addDoctor(program: Command, handlers: LookHandlers): void {
  program
    .command("doctor")
    .summary("say what a database is, whether it is whole and what can be proved from it")
    .description(
      "Looks at a database before hours are spent on it: client, files, tips, genesis, which states are stored, what is " +
        "missing, and how long a check would take. Blocks are looked at in samples; nothing is written.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP)
    .option("--deep", "look at every block, every link and every state root")
    .option("--json", "print JSON instead of the tables")
    .addHelpText("after", `\n${exitCodes(DOCTOR_EXIT_CODES)}`)
    .action(({ db, config, deep, json }: DoctorOptions) =>
      handlers.doctor({ db, configPath: config, deep: deep === true, json: json === true }),
    );
}

interface InspectOptions {
  readonly db: string;
  readonly config?: string;
  readonly at?: string;
  readonly code?: true;
  readonly token?: readonly string[];
  readonly json?: true;
  readonly raw?: true;
}

function addInspect(program: Command, handlers: LookHandlers): void {
  program
    .command("inspect")
    .summary("show one block, transaction, receipt, account, slot, deposit list or row")
    .description("Shows one thing that a database holds, proved by its hash where it has one. Nothing is written.")
    .addArgument(new Argument("<what>", "kind of thing").choices(INSPECT_SUBJECTS))
    .addArgument(new Argument("<which...>", "which one: see below"))
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP)
    .option("--at <block>", "account, storage: after this block, SHARD, SHARD:HEIGHT or a hash (default: every tip)")
    .option("--code", "account: disassemble its code")
    .addOption(
      new Option(
        "--token <name>",
        "account: a token to recognise in token tries; may be given several times",
      ).argParser((name: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), name]),
    )
    .option("--json", "print JSON instead of the tables")
    .option("--raw", "key: print the bytes of the row and nothing else")
    .addHelpText("after", `\nWhich:\n${WHICH}\n\nExamples:\n${EXAMPLES}\n\n${exitCodes(INSPECT_EXIT_CODES)}`)
    .action((what: InspectSubject, which: readonly string[], options: InspectOptions) =>
      handlers.inspect(inspectRequest(what, which, options)),
    );
}

function inspectRequest(
  subject: InspectSubject,
  references: readonly string[],
  options: InspectOptions,
): InspectRequest {
  const [least, most] = subject === "key" ? [2, 2] : [1, subject === "storage" ? 2 : 1];
  if (references.length < least || references.length > most) {
    const wanted = least === most ? `${least}` : `${least} or ${most}`;
    throw new UsageError(`qkc inspect ${subject} takes ${wanted} arguments, got ${references.length}: see --help`);
  }
  return {
    db: options.db,
    configPath: options.config,
    subject,
    references,
    at: options.at,
    withCode: options.code === true,
    tokens: options.token ?? [],
    json: options.json === true,
    raw: options.raw === true,
  };
}

interface VerifyStateOptions {
  readonly db: string;
  readonly config?: string;
  readonly shard: number;
  readonly height?: number;
  readonly workers?: number;
  readonly json?: true;
}

function addVerifyState(program: Command, handlers: LookHandlers): void {
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
    .addHelpText("after", `\n${exitCodes(STATE_EXIT_CODES)}`)
    .action(({ db, config, shard, height, workers = availableParallelism(), json }: VerifyStateOptions) =>
      handlers.verifyState({ db, configPath: config, fullShardId: shard, height, workers, json: json === true }),
    );
}

const WHICH = [
  ["root", "HEIGHT, HASH or tip"],
  ["minor, deposits", "SHARD:HEIGHT, SHARD:tip or HASH"],
  ["tx, receipt", "HASH, SHARD:HEIGHT:INDEX or BLOCK-HASH:INDEX; deposits follow the transactions"],
  ["account", "ADDRESS, 40 hex digits, or 48 with the full shard key"],
  ["storage", "ADDRESS [SLOT]"],
  ["key", "DATABASE KEY: root or a full shard id; text, 0x and hex, or parts with + between them"],
]
  .map(([what, which]) => `  ${what.padEnd(15)}  ${which}`)
  .join("\n");

const EXAMPLES = [
  "qkc inspect root tip --db data/mainnet",
  "qkc inspect minor 0x10001:5310 --db data/mainnet",
  "qkc inspect receipt 1:5310:0 --db data/mainnet --json",
  "qkc inspect account c7bbcd1dd2bce62f902da3737c1dc9f72572d7c2 --at 1:5310 --code --db data/mainnet",
  "qkc inspect key root tipHash --raw --db data/mainnet | xxd",
]
  .map((line) => `  ${line}`)
  .join("\n");

type ExitCodes = readonly (readonly [number, string])[];

const DOCTOR_EXIT_CODES: ExitCodes = [
  [0, "fit: every block can be checked"],
  [1, "no answer: usage, configuration, or no database"],
  [3, "fit with limits: something cannot be proved from it"],
  [4, "damaged: rows or files are missing or contradict each other"],
];
const INSPECT_EXIT_CODES: ExitCodes = [
  [0, "shown"],
  [1, "not found, or usage"],
  [3, "the state that it is in is not stored"],
  [4, "damaged: a row that it needs is missing or altered"],
];
const STATE_EXIT_CODES: ExitCodes = [
  [0, "whole: every node and code is there and hashes to its key"],
  [1, "no answer: usage, or no such block"],
  [3, "the state is not stored, as in a pruned database"],
  [4, "damaged: the first rows that cannot be used are named"],
  [130, "interrupted"],
];

function exitCodes(codes: ExitCodes): string {
  return ["Exit codes:", ...codes.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)].join("\n");
}
