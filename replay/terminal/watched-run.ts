import { secp256k1Backend } from "../../node/codec/secp256k1.ts";
import { programVersion } from "../report/version.ts";
import type { RunMonitor, Snapshot } from "../work/monitor.ts";
import { EXIT } from "./exit-code.ts";
import type { ListenAddress } from "./metrics/listen-address.ts";
import { serveMetrics } from "./metrics/metrics-server.ts";
import { openMetrics } from "./metrics/open-metrics.ts";
import { createProgressDisplay, stallText } from "./progress-display.ts";
import { onStopSignals } from "./stop-signals.ts";

const SAMPLE_MILLISECONDS = 500;
const SLOW_RECOVERY =
  "the native library of secp256k1 did not load: recovering senders takes 30 times as long (no prebuild for this platform?)";

export interface WatchOptions {
  readonly quiet: boolean;
  /** Where to tell other programs how the run goes. */
  readonly metrics?: ListenAddress;
  /** What the display calls the findings of the run (default: divergences). */
  readonly counted?: string;
  /** Tells the run to stop in good order: called once, on the first signal. */
  readonly onStop: () => void;
}

/** A run's side of the terminal. */
export interface Watch {
  /** Whether a signal has asked the run to stop. */
  readonly isInterrupted: boolean;
  /** A line on stderr. */
  message(text: string): void;
  /** Shows a run's progress from now on, and names blocks that do not end. */
  follow(monitor: RunMonitor): void;
}

/** Works with progress on stderr and signals that stop the run in good order; a second one ends the process at once. */
export async function watched<T>(
  { quiet, counted, onStop, metrics }: WatchOptions,
  run: (watch: Watch) => Promise<T>,
): Promise<T> {
  const display = createProgressDisplay(process.stderr, process.env, quiet, counted);
  if (secp256k1Backend() === "elliptic") display.message(SLOW_RECOVERY);
  let timer: NodeJS.Timeout | undefined;
  const seen: { snapshot: Snapshot | undefined; stalls: number } = { snapshot: undefined, stalls: 0 };
  const startedAt = Date.now();
  const server =
    metrics &&
    (await serveMetrics(metrics, { text: () => openMetrics({ version: programVersion(), startedAt, ...seen }) }));
  if (server !== undefined) display.message(`metrics: ${server.url}/metrics`);
  let isInterrupted = false;
  const releaseSignals = onStopSignals(
    (signal) => {
      isInterrupted = true;
      onStop();
      display.message(`${signal}: stopping at the next block; once more to stop at once`);
    },
    () => process.exit(EXIT.interrupted),
  );
  const sample = (monitor: RunMonitor) => {
    const snapshot = monitor.sample(Date.now());
    display.update(snapshot, Date.now());
    seen.snapshot = snapshot;
    seen.stalls += snapshot.newStalls.length;
    for (const stall of snapshot.newStalls) display.message(stallText(stall));
  };
  try {
    return await run({
      get isInterrupted() {
        return isInterrupted;
      },
      message: (text) => display.message(text),
      follow: (monitor) => {
        clearInterval(timer);
        timer = setInterval(() => sample(monitor), SAMPLE_MILLISECONDS);
      },
    });
  } finally {
    releaseSignals();
    clearInterval(timer);
    server?.close();
    display.stop();
  }
}
