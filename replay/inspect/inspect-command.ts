import { Argument, type Command, Option } from "commander";
import { UsageError } from "../../node/codec/errors.ts";
import type { RunCommand } from "../terminal/command.ts";
import { CONFIG_HELP } from "../terminal/config-option.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import type { InspectRequest } from "./inspect.ts";
import { INSPECT_SUBJECTS, type InspectSubject } from "./subjects.ts";

interface InspectOptions {
  readonly db: string;
  readonly config?: string;
  readonly at?: string;
  readonly code?: true;
  readonly token?: readonly string[];
  readonly json?: true;
  readonly raw?: true;
}

export function addInspectCommand(program: Command, run: RunCommand): void {
  program
    .command("inspect")
    .summary("show one block, transaction, receipt, account, slot, deposit list or row")
    .description("Shows one thing that a database holds, proved by its hash where it has one. Nothing is written.")
    .addArgument(new Argument("<what>", "kind of thing").choices(INSPECT_SUBJECTS))
    .addArgument(new Argument("<which...>", "which one: see below"))
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", CONFIG_HELP)
    .option(
      "--at <block>",
      "account, storage: after this block, SHARD, SHARD:HEIGHT, a hash or an id (default: every tip)",
    )
    .option("--code", "account: disassemble its code")
    .addOption(
      new Option(
        "--token <name>",
        "account: a token to recognise in token tries; may be given several times",
      ).argParser((name: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), name]),
    )
    .option("--json", "print JSON instead of the tables")
    .option("--raw", "key: print the bytes of the row and nothing else")
    .addHelpText("after", `\nWhich:\n${WHICH}\n\nExamples:\n${EXAMPLES}\n\n${exitCodesText(EXIT_CODES)}`)
    .action((what: InspectSubject, which: readonly string[], options: InspectOptions) =>
      run(async () => {
        const { runInspect } = await import("./run-inspect.ts");
        return runInspect(inspectRequest(what, which, options));
      }),
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

const WHICH = [
  ["root", "HEIGHT, HASH or tip"],
  ["minor, deposits", "SHARD:HEIGHT, SHARD:tip, HASH or an id (the hash and the full shard id or key)"],
  ["tx, receipt", "HASH, an id, SHARD:HEIGHT:INDEX or BLOCK-HASH:INDEX; deposits follow the transactions"],
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

const EXIT_CODES: ExitCodeMeanings = {
  clean: "shown",
  error: "not found, or usage",
  unsupported: "the state that it is in is not stored",
  damaged: "damaged: a row that it needs is missing or altered",
};
