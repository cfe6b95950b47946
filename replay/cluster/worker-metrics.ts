import { counter, gauge, metricsText, processFamilies } from "../terminal/metrics/metrics-text.ts";

/** What a worker counts of itself. */
export class WorkerTally {
  /** Ranges that it checks right now. */
  atWork = 0;
  checked = 0;
  /** Attempts that failed on this machine, or that it gave back. */
  failed = 0;
}

export function workerMetrics(version: string, startedAt: number, tally: WorkerTally, isServerThere: boolean): string {
  return metricsText([
    ...processFamilies("qkc_worker", version, startedAt),
    gauge("qkc_worker_server_connected", "Whether the server of the queue answers.", isServerThere ? 1 : 0),
    gauge("qkc_worker_ranges_at_work", "Ranges being checked.", tally.atWork),
    counter("qkc_worker_ranges", "Ranges checked and answered.", tally.checked),
    counter("qkc_worker_failed_attempts", "Ranges that failed here or were given back.", tally.failed),
  ]);
}

/** Why a worker is not well; undefined where it is. */
export function workerIllness(isServerThere: boolean): string | undefined {
  return isServerThere ? undefined : "the server of the queue does not answer";
}
