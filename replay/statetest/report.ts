import { shown } from "../../node/codec/shown.ts";
import type { CaseOutcome } from "./run-file.ts";

interface Reasoned {
  readonly id: string;
  readonly reason: string;
}

interface ForkCount {
  readonly passed: number;
  readonly failed: number;
  readonly excluded: number;
}

/** Result of a run; the JSON form of the report. */
export interface StateTestReport {
  readonly folder: string;
  /** Those that something was run for. */
  readonly forks: Readonly<Record<string, ForkCount>>;
  readonly passed: number;
  readonly failed: readonly Reasoned[];
  readonly excluded: readonly Reasoned[];
}

export function makeReport(folder: string, outcomes: readonly CaseOutcome[]): StateTestReport {
  const listed = (status: CaseOutcome["status"]) =>
    outcomes.filter((outcome) => outcome.status === status).map(({ id, detail }) => ({ id, reason: detail ?? "" }));
  return {
    folder,
    forks: countedByFork(outcomes),
    passed: outcomes.filter(({ status }) => status === "passed").length,
    failed: listed("failed"),
    excluded: listed("excluded"),
  };
}

function countedByFork(outcomes: readonly CaseOutcome[]): Record<string, ForkCount> {
  const counts: Record<string, ForkCount> = {};
  for (const { fork, status } of outcomes) {
    if (fork === undefined) continue;
    const count = counts[fork] ?? { passed: 0, failed: 0, excluded: 0 };
    counts[fork] = { ...count, [status]: count[status] + 1 };
  }
  return counts;
}

/** For people: every failure by its id, exclusions counted by their reason, the sums last. */
export function describeReport({ forks, passed, failed, excluded }: StateTestReport): string {
  const lines = failed.map(({ id, reason }) => shown(`FAILED ${id}: ${reason}`));
  const counts = new Map<string, number>();
  for (const { reason } of excluded) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  for (const [reason, count] of counts) lines.push(shown(`excluded ${count}: ${reason}`));
  const byFork = Object.entries(forks);
  if (byFork.length > 1) {
    for (const [fork, count] of byFork) lines.push(`${fork}: ${count.passed} passed / ${count.failed} failed`);
  }
  lines.push(`${passed} passed / ${failed.length} failed / ${excluded.length} excluded`);
  return lines.join("\n");
}
