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

/** What each exit code says, for help texts. */
export const EXIT_CODE_MEANINGS: ReadonlyArray<readonly [ExitCode, string]> = [
  [EXIT.clean, "clean: every block of the range was checked and nothing differs"],
  [EXIT.error, "no answer: usage, configuration or infrastructure"],
  [EXIT.divergent, "divergence: at least one block does not re-execute to what it declares"],
  [EXIT.unsupported, "unsupported: something in the range is not understood by this version"],
  [EXIT.damaged, "damaged: the database contradicts itself or lacks rows"],
  [EXIT.interrupted, "interrupted: a checkpoint is left, --resume continues"],
];

const EXIT_CODE_OF_ERROR: Record<ErrorCode, ExitCode> = {
  USAGE: EXIT.error,
  CONFIG: EXIT.error,
  NOT_A_DATABASE: EXIT.error,
  ENGINE: EXIT.error,
  STORAGE: EXIT.error,
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
