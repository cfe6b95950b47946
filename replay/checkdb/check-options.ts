import { type Command, Option } from "commander";
import { reporterNames } from "../reporters/write-forms.ts";
import { logFormatOption } from "../terminal/log-format-option.ts";
import { metricsOption } from "../terminal/metrics/listen-address.ts";
import { parseHash, parsePositiveNumber } from "../terminal/numbers.ts";

/** What is checked of a range, and where the answer goes. */
export function addCheckOptions(command: Command): Command {
  return command
    .addOption(metricsOption())
    .addOption(logFormatOption())
    .option("--unconfirmed", "also check the minor blocks above the tip that no root block confirms yet")
    .option("--report <dir>", "folder of the report and the checkpoint (default: reports/<time>-<database>)")
    .addOption(
      new Option(
        "--reporter <forms>",
        "also write the report as html, junit, markdown, github, with commas between (default: github in a job of GitHub's)",
      ).argParser(reporterNames),
    )
    .option("--json", "print the report instead of the summary")
    .addOption(
      new Option(
        "--resume [when]",
        "continue an interrupted run: the one in --report, or the latest of the same plan in reports/; auto: where there is one, and else start",
      ).choices(["auto"]),
    )
    .addOption(
      new Option("--max-divergences <count>", "stop behind the root block with the COUNT-th divergence").argParser(
        parsePositiveNumber,
      ),
    )
    .addOption(new Option("--fail-fast", "the same as --max-divergences 1").conflicts("maxDivergences"))
    .option("--allow <file>", "JSON list of known divergences to accept, each until a day (docs/report.md)")
    .option("--verify-pow", "check proof-of-work seals too")
    .option(
      "--check-archive",
      "compare each row that execution and the chain decide with the one in the database: trie nodes, code, indexes, lists, marks",
    )
    .addOption(
      new Option("--verify-checksums <which>", "table checksums: of all but self-proving rows, or of everything read")
        .choices(["default", "all"])
        .default("default"),
    )
    .addOption(new Option("--root-tip <hash>", "hash of the root block to take as the tip").argParser(parseHash))
    .addOption(
      new Option("--stall-timeout <seconds>", "name a block that takes longer than this")
        .argParser(parsePositiveNumber)
        .default(60),
    );
}
