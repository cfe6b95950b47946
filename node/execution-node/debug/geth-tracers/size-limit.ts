import { ENGINE_ERROR, EngineError } from "../../../engine/engine-error.ts";

/** Longest answer of a debugging method: a client reads no more than twice as much (http-transport.ts). */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** Counts the JSON text of an answer while it grows. */
export class SizeLimit {
  readonly #most: number;
  #bytes = 0;

  constructor(limitBytes = MOST_ANSWER_BYTES) {
    this.#most = Math.min(limitBytes, MOST_ANSWER_BYTES);
  }

  /**
   * Length of another part, of ASCII and without its comma. Throws EngineError where the answer is longer than it may be
   * with it.
   */
  add(part: object): number {
    const { length } = JSON.stringify(part);
    this.#bytes += length + 1;
    if (this.#bytes <= this.#most) return length;
    throw new EngineError(
      ENGINE_ERROR.answerTooLarge,
      `the answer is longer than ${this.#most} bytes: ask for one unit, or for up to ${MOST_ANSWER_BYTES} bytes`,
    );
  }
}
