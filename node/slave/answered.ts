import { reasonOf } from "../codec/errors.ts";
import type { Handlers } from "../net/handlers.ts";
import { LinkError } from "../net/link-error.ts";

/**
 * What handlers answer to a request that came over another thread's link, as that link's channel would have it answered: a
 * handler that throws answers the failure that was given with it. Rejects with LinkError where the link has to be closed.
 */
export async function answered(
  handlers: Handlers<undefined>,
  op: number,
  payload: Uint8Array,
  log: (line: string) => void = () => {},
): Promise<Uint8Array> {
  const handler = handlers.get(op);
  if (handler?.kind !== "request") throw new LinkError("protocol", `operation ${op} is not served here`);
  try {
    return await handler.handle(payload, undefined);
  } catch (error) {
    const isMalformed = error instanceof LinkError && error.fault === "malformed";
    if (isMalformed || handler.failed === undefined) throw error;
    log(`${handler.name} failed, answered so: ${reasonOf(error)}`);
    return handler.failed(error);
  }
}
