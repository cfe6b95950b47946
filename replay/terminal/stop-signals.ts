const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Calls `first` on the first SIGINT or SIGTERM and `second` on the next one. Answers with what gives the signals back
 * to the system's own handling.
 */
export function onStopSignals(first: (signal: string) => void, second: () => void): () => void {
  let seen = false;
  const handle = (signal: string) => {
    if (seen) return second();
    seen = true;
    first(signal);
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}
