import type { IncomingMessage } from "node:http";
import type { Hold } from "./held-bytes.ts";

const FIRST_CAPACITY = 4096;

/**
 * Reads a body into one buffer, which holds no more than twice what came: a body that comes in a million pieces costs
 * no more than another. Undefined where it is longer than `most` bytes, or `signal` is aborted before it is whole.
 */
export function readBody(
  request: IncomingMessage,
  { most, hold, signal }: { readonly most: number; readonly hold: Hold; readonly signal: AbortSignal },
): Promise<string | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > most) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let buffer: Buffer = Buffer.alloc(0);
    let length = 0;
    const end = (text: string | undefined) => {
      request.off("data", add);
      resolve(text);
    };
    const add = (chunk: Buffer) => {
      const needed = length + chunk.length;
      if (needed > most) return end(undefined);
      if (needed > buffer.length) {
        buffer = grown(buffer, length, Math.min(most, Math.max(needed, 2 * buffer.length, FIRST_CAPACITY)));
        hold.set(buffer.length);
      }
      chunk.copy(buffer, length);
      length = needed;
    };
    request.on("data", add);
    request.once("end", () => end(buffer.toString("utf8", 0, length)));
    signal.addEventListener("abort", () => end(undefined), { once: true });
  });
}

function grown(buffer: Buffer, length: number, capacity: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(capacity);
  buffer.copy(larger, 0, 0, length);
  return larger;
}
