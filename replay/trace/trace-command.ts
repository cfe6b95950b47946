import { type Command, Option } from "commander";
import { UsageError } from "../../node/codec/errors.ts";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { parsePositiveNumber } from "../terminal/numbers.ts";
import { indented } from "../text/indented.ts";

interface TraceOptions {
  readonly db: string;
  readonly config?: string;
  readonly tx?: string;
  readonly block?: string;
  readonly shard?: number;
  readonly rules?: string;
  readonly against?: string;
  readonly format: "eip3155" | "table";
  readonly calls?: true;
  readonly abi?: readonly string[];
  readonly json?: true;
}

const EXAMPLES = [
  "qkc trace --db data/mainnet --block 0x10001:5310 --format table",
  "qkc trace --db data/mainnet --tx HASH | jq -r .opName | sort | uniq -c    which instructions",
  "qkc trace --db data/mainnet --tx HASH --shard 1                           the deposit that it became",
  "qkc trace --db data/mainnet --tx HASH --rules +2929 --against quarkchain  where two rule sets part",
  "qkc trace --db data/mainnet --tx HASH --calls --abi Token.json            what it calls, with names",
];

const EXIT_CODES: ExitCodeMeanings = {
  clean: "traced; with --against: the two do the same",
  error: "no answer: usage, or no such block or transaction",
  divergent: "with --against: the two part",
  unsupported: "the state that it is executed on is pruned, and none is near enough",
  damaged: "damaged: a row that it needs is missing or altered",
};

export function addTraceCommand(program: Command, run: RunCommand): void {
  program
    .command("trace")
    .summary("execute a block or transaction again and print every instruction")
    .description(
      "Executes a block on the state that its parent left, and prints what its deposits and transactions do, each " +
        "instruction a line: JSON as EIP-3155 has it, with a line at the end of each, or a table. With --calls, what they " +
        "call: contracts, functions and arguments, value, gas, why a call failed. The database is only read.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", "cluster_config.json (default: found in or beside the database folder)")
    .addOption(
      new Option("--tx <hash>", "a transaction by its hash or id, found by the database's index").conflicts("block"),
    )
    .option("--block <block>", "all of a block: SHARD:HEIGHT, SHARD:tip, a hash or an id")
    .addOption(
      new Option("--shard <id>", "of a cross-shard transaction: what it does there")
        .argParser(parsePositiveNumber)
        .conflicts("block"),
    )
    .option("--rules <rules>", "rule set to execute by, as for qkc whatif (default: the chain's own)")
    .option(
      "--against <rules>",
      "print the first instruction at which --rules parts from these rules, as JSON; with --calls the difference of the two trees",
    )
    .addOption(new Option("--format <format>", "of the lines").choices(["eip3155", "table"]).default("eip3155"))
    .option("--calls", "print the tree of calls instead of instructions, and the gas of each function")
    .option(
      "--abi <file...>",
      "names for --calls: ABI files, or artifacts that hold an ABI with a contract's name and address",
    )
    .option("--json", "the tree of --calls as JSON")
    .addHelpText("after", `\nExamples:\n${indented(EXAMPLES)}\n\n${exitCodesText(EXIT_CODES)}`)
    .action(({ config, calls, abi, json, ...options }: TraceOptions) =>
      run(async () => {
        if (calls === undefined) {
          if (abi !== undefined || json !== undefined) throw new UsageError("--abi and --json belong to --calls");
          return (await import("./trace.ts")).runTrace({ configPath: config, ...options });
        }
        const request = { configPath: config, ...options, abi: abi ?? [], json: json === true };
        return (await import("./trace-calls.ts")).runTraceCalls(request);
      }),
    );
}
