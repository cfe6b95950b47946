import { type Command, Option } from "commander";
import { COMPARISON_FORMS, type ComparisonForm } from "../reporters/comparison/render-comparison.ts";
import type { RunCommand } from "../terminal/command.ts";
import { exitCodesText } from "../terminal/exit-code.ts";

interface CompareOptions {
  readonly also?: readonly string[];
  readonly baseline?: string;
  readonly form: ComparisonForm;
  readonly output?: string;
}

const EXAMPLES = [
  "qkc report compare reports/yesterday reports/today",
  'qkc report compare yesterday today --also last-sunday --form markdown >> "$GITHUB_STEP_SUMMARY"',
];

/** `qkc report compare`: what a run has found that an earlier one had not. */
export function addCompareCommand(report: Command, run: RunCommand): void {
  report
    .command("compare")
    .summary("tell what is new in a report, known, and gone")
    .description(
      "Holds a report against an older one of the same chain: which diverging blocks and classes are new, known, gone or " +
        "not looked at again, and whether the run was slower than usual. The exit code speaks of what is new alone.",
    )
    .argument("<old>", "folder of the older run, or its report.json")
    .argument("<new>", "folder of the newer run, or its report.json")
    .addOption(
      new Option("--also <dir>", "what this report has is known too; may be given several times").argParser(
        (dir: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), dir],
      ),
    )
    .option(
      "--baseline <file>",
      "speeds of earlier runs; this run's is added (default: the older report's speed is the usual one)",
    )
    .addOption(new Option("--form <form>", "how to show it").choices(COMPARISON_FORMS).default("text"))
    .option("--output <file>", "where to write it (default: stdout)")
    .addHelpText(
      "after",
      `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n` +
        exitCodesText({
          clean: "nothing is new",
          error: "the newer run has no answer, or these reports cannot be compared",
          divergent: "a divergence is new, or a line of the allowlist newly out of date",
          unsupported: "something that is not understood is new, and no divergence",
          damaged: "damage is new, and no divergence",
          interrupted: "the newer run was interrupted",
        }),
    )
    .action((older: string, newer: string, { also = [], baseline, form, output }: CompareOptions) =>
      run(async () => (await import("./run-compare.ts")).runCompare({ older, newer, also, baseline, form, output })),
    );
}
