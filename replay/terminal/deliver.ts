import { describeFailure } from "../report/failure.ts";
import type { KeptReport } from "../report/run-folder.ts";
import { printable } from "../text/printable.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { note, print } from "./print.ts";

/** What a run has come to, in the ways in which it can be told. */
export interface RunAnswer {
  /** What stdout is to have. */
  readonly text: string;
  /** The verdict in one line, with its line break. */
  readonly line: string;
  readonly kept: KeptReport;
  readonly exitCode: ExitCode;
}

/**
 * Prints a run's answer. What stdout does not take goes to stderr: the verdict, and all of it where no report has it
 * either. What was found stands, but nothing ends as clean whose answer did not get through.
 */
export function deliver({ text, line, kept, exitCode }: RunAnswer): ExitCode {
  const troubles = kept.trouble === undefined ? [] : [kept.trouble];
  try {
    print(text);
  } catch (error) {
    troubles.push(describeFailure(error).message);
    process.stderr.write(printable(kept.path === undefined ? text : `${line}report: ${kept.path}\n`));
  }
  for (const trouble of troubles) note(`error: ${trouble}`);
  return troubles.length > 0 && exitCode === EXIT.clean ? EXIT.error : exitCode;
}
