/** Where waiting comes from: the machine's clock, or one that a test moves. */
export interface Clock {
  /** Milliseconds; only differences mean something. */
  now(): number;
  /** Calls once after so many milliseconds, unless cancelled before. */
  after(milliseconds: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The same in milliseconds since 1970, for who compares it with the times of blocks. */
export const WALL_CLOCK: Clock = { ...SYSTEM_CLOCK, now: Date.now };

/** Resolves after so long, or at once when the signal says that nobody waits any more. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
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

/** What a promise comes to, or undefined where it takes longer than that; what becomes of it then is nobody's. */
export async function within<T>(clock: Clock, milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: Timer | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = clock.after(milliseconds, () => resolve(undefined));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.cancel();
  }
}
