import { QkcError } from "../codec/errors.ts";

/** What a peer does that no honest one does: whoever catches it ends the connection to that peer, and nothing else. */
export class PeerFaultError extends QkcError {
  constructor(message: string, options?: ErrorOptions) {
    super("LINK", message, options);
  }
}
