import { QkcError } from "../../codec/errors.ts";

/**
 * Why a read has no answer. `unknown-block`: none at that height or hash; `bad-request`: no answer can exist;
 * `too-much`: it takes longer or is longer than an answer may be.
 */
export type ReadFailure = "unknown-block" | "bad-request" | "too-much";

/** A read that is answered with its operation's error code; nothing is wrong with the shard. */
export class ReadError extends QkcError {
  readonly failure: ReadFailure;

  constructor(failure: ReadFailure, message: string) {
    super("ENGINE", message);
    this.failure = failure;
  }
}
