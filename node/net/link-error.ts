import { QkcError } from "../codec/errors.ts";

/**
 * failed: what was to serve a message threw.
 * closed: the link is gone, or was closed here; what was asked may or may not have been done.
 * refused: there is nobody at that address, or not the one who was expected.
 * timeout: no answer in time.
 * malformed: a request or command that its codec cannot read.
 * protocol: a frame that has no business on this link, or an answer that is none.
 * overflow: the other end takes or leaves too much.
 * oversized: a message that no frame may carry.
 */
export type LinkFault =
  | "failed"
  | "closed"
  | "refused"
  | "timeout"
  | "malformed"
  | "protocol"
  | "overflow"
  | "oversized";

/** What goes wrong on a link. It ends that link, or one request on it, never the process. */
export class LinkError extends QkcError {
  readonly fault: LinkFault;

  constructor(fault: LinkFault, message: string, options?: ErrorOptions) {
    super("LINK", message, options);
    this.fault = fault;
  }
}
