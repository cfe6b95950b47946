import type { ErrorCode } from "../../node/codec/errors.ts";
import { QkcError } from "../../node/codec/errors.ts";
import type { Verdict } from "../report/schema.ts";

/** What the process ends with. */
export const EXIT = {
  clean: 0,
  error: 1,
  divergent: 2,
  unsupported: 3,
  damaged: 4,
  interrupted: 130,
} as const satisfies Record<Verdict, number>;

export type ExitCode = (typeof EXIT)[Verdict];

/** What a command's exit codes say, in the order in which its help lists them. */
export type ExitCodeMeanings = Partial<Record<Verdict, string>>;

/** The paragraph of a help text that lists exit codes. */
export function exitCodesText(meanings: ExitCodeMeanings): string {
  const lines = VERDICTS.flatMap((verdict) => {
    const meaning = meanings[verdict];
    return meaning === undefined ? [] : [`  ${String(EXIT[verdict]).padStart(3)}  ${meaning}`];
  });
  return `Exit codes:\n${lines.join("\n")}`;
}

const VERDICTS = Object.keys(EXIT) as readonly Verdict[];

const EXIT_CODE_OF_ERROR: Record<ErrorCode, ExitCode> = {
  USAGE: EXIT.error,
  CONFIG: EXIT.error,
  NOT_A_DATABASE: EXIT.error,
  ENGINE: EXIT.error,
  STORAGE: EXIT.error,
  LINK: EXIT.error,
  INTERNAL: EXIT.error,
  // Bytes from outside are proved before they are decoded; where these get here, the program is at fault.
  CODEC: EXIT.error,
  BLOCK_INVALID: EXIT.error,
  TRANSACTION_INVALID: EXIT.error,
  DATABASE_DAMAGED: EXIT.damaged,
  UNSUPPORTED: EXIT.unsupported,
  INTERRUPTED: EXIT.interrupted,
};

export function exitCodeOfVerdict(verdict: Verdict): ExitCode {
  return EXIT[verdict];
}

export function exitCodeOfError(error: unknown): ExitCode {
  return error instanceof QkcError ? EXIT_CODE_OF_ERROR[error.code] : EXIT.error;
}
