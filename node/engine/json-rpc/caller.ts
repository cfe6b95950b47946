/** Who waits for an answer. */
export interface Caller {
  /** The port he came by. What one port's callers ask for may wait for each other, never for another port's. */
  readonly lane: string;
  /** Aborted when the work is for nobody any more; its reason is what to answer, or CallerGone. */
  readonly signal: AbortSignal;
}

/** There is nobody to answer: the connection is closed. */
export class CallerGone extends Error {
  constructor() {
    super("the caller is gone");
  }
}

/** Waits as long as it takes: calls from within the process. */
export const PATIENT_CALLER: Caller = { lane: "own", signal: new AbortController().signal };
