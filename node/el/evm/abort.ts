import { QkcError } from "../../codec/errors.ts";

/**
 * A situation in which pyquarkchain's VM raises instead of failing the frame (an assert, an integer that does not
 * fit): the block that leads to it cannot be processed by anybody.
 */
export class ExecutionAbortedError extends QkcError {
  constructor(message: string) {
    super("BLOCK_INVALID", message);
  }
}
