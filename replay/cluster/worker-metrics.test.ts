import { expect, it } from "vitest";
import { samplesOf } from "../terminal/metrics/metrics-samples.testkit.ts";
import { WorkerTally, workerIllness, workerMetrics } from "./worker-metrics.ts";

it("has a worker's numbers in the format's grammar, and knows whether its server is there", () => {
  const tally = new WorkerTally();
  Object.assign(tally, { atWork: 2, checked: 7, failed: 1 });
  const samples = samplesOf(workerMetrics("1.2.3", 5000, tally, true));
  expect(samples.get("qkc_worker_ranges_at_work")).toBe(2);
  expect(samples.get("qkc_worker_ranges_total")).toBe(7);
  expect(samples.get("qkc_worker_failed_attempts_total")).toBe(1);
  expect(samples.get("qkc_worker_start_time_seconds")).toBe(5);
  expect(workerIllness(true)).toBeUndefined();
  expect(workerIllness(false)).toContain("does not answer");
});
