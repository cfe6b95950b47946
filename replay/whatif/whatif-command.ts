import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCodeMeanings, exitCodesText } from "../terminal/exit-code.ts";
import { addRangeOptions } from "../terminal/range-options.ts";
import type { RangeOptions } from "../work/checkdb-request.ts";
import type { WhatifRequest } from "./whatif.ts";

interface WhatifOptions extends RangeOptions {
  readonly db: string;
  readonly config?: string;
  readonly rules: string;
  readonly unconfirmed?: true;
  readonly report?: string;
  readonly json?: true;
  readonly quiet?: true;
}

export function addWhatifCommand(program: Command, run: RunCommand): void {
  const command = program
    .command("whatif")
    .summary("say what would change if a range had run under other rules")
    .description(
      "Executes the minor blocks that root blocks FROM..TO confirm under other rules, each on the state that its parent " +
        "declares, and names every transaction and deposit that would end otherwise: status, gas, logs, state, and the " +
        "smallest set of rules without which it would not. The database is only read.",
    )
    .requiredOption("--db <dir>", "folder of the database")
    .option("--config <file>", "cluster_config.json (default: found in or beside the database folder)")
    .requiredOption("--rules <rules>", "the other rules: see below");
  addRangeOptions(command, "execute")
    .option("--unconfirmed", "also execute the minor blocks above the tip that no root block confirms yet")
    .option("--report <dir>", "folder of whatif.json (default: reports/<time>-<database>)")
    .option("--json", "print whatif.json instead of the tables")
    .option("--quiet", "no progress; one line")
    .addHelpText("after", `\n${RULES}\n\n${READING}\n\nExamples:\n${EXAMPLES}\n\n${exitCodesText(EXIT_CODES)}`)
    .action((options: WhatifOptions) => run(async () => (await import("./whatif.ts")).runWhatif(requestOf(options))));
}

function requestOf(options: WhatifOptions): WhatifRequest {
  return {
    db: options.db,
    configPath: options.config,
    rules: options.rules,
    from: options.from,
    to: options.to,
    last: options.last,
    shards: options.shard,
    workers: options.workers ?? availableParallelism(),
    unconfirmed: options.unconfirmed === true,
    reportFolder: options.report,
    json: options.json === true,
    quiet: options.quiet === true,
  };
}

const RULES = `Rules:
  istanbul, berlin, … osaka   QuarkChain's rules with all of Ethereum's up to that hardfork
  +3855,+7939                 QuarkChain's rules with these EIPs
  osaka-2929                  all up to a hardfork without one
  goquarkchain                the other client's, where they are rules
  QuarkChain's own tokens, precompiles and shard keys stay in any case.`;

const READING = `Each transaction and deposit is executed on the state that those before it left in fact, so that a difference is its
own. What differs only because an earlier one of its block does is counted apart, as are blocks that could not be
executed at all. A rule is named where the transaction would end as it did if that rule and the others named were taken
away, and no smaller set would do: where two rules reprice the same instruction, both are.`;

const EXAMPLES = `  qkc whatif --db data/mainnet --rules osaka --last 10000
  qkc whatif --db data/mainnet --rules +2929 --shard 0x10001 --json | jq '.switches[] | {name, share}'`;

const EXIT_CODES: ExitCodeMeanings = {
  clean: "nothing would change",
  error: "no answer: usage, configuration or infrastructure",
  divergent: "something would change",
  unsupported: "unsupported: something in the range is not understood by this version",
  damaged: "damaged: the database contradicts itself or lacks rows",
  interrupted: "interrupted: what was found until then is in the report",
};
