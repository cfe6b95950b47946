import { QkcError } from "../../codec/errors.ts";

/** Nobody answered, or not in time: the same call may be made again. */
export class EngineUnavailableError extends QkcError {
  constructor(message: string, options?: ErrorOptions) {
    super("ENGINE", message, options);
  }
}

/** Somebody answered what is no answer: asking again would not help. */
export class EngineProtocolError extends QkcError {
  constructor(message: string, options?: ErrorOptions) {
    super("ENGINE", message, options);
  }
}

/** The engine does not take our token. */
export class EngineAuthenticationError extends QkcError {
  constructor(message: string, options?: ErrorOptions) {
    super("CONFIG", message, options);
  }
}
