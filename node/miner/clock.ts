/** Where a miner's time comes from: the machine's clock, or one that a test moves. */
export interface MinerClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls once after so many milliseconds, unless cancelled before. */
  after(milliseconds: number, callback: () => void): { cancel(): void };
}

export const SYSTEM_MINER_CLOCK: MinerClock = {
  now: Date.now,
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after so long, or at once when the signal says that nobody waits any more. */
export function pause(clock: MinerClock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.after(milliseconds, done);
    signal.addEventListener("abort", done);
  });
}
