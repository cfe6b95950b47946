import { shown } from "../../node/codec/shown.ts";
import { type CaseOutcome, FORK } from "./run-file.ts";

interface Reasoned {
  readonly id: string;
  readonly reason: string;
}

/** Result of a run; the JSON form of the report. */
export interface StateTestReport {
  readonly folder: string;
  readonly fork: string;
  readonly passed: number;
  readonly failed: readonly Reasoned[];
  readonly excluded: readonly Reasoned[];
}

export function makeReport(folder: string, outcomes: readonly CaseOutcome[]): StateTestReport {
  const listed = (status: CaseOutcome["status"]) =>
    outcomes.filter((outcome) => outcome.status === status).map(({ id, detail }) => ({ id, reason: detail ?? "" }));
  return {
    folder,
    fork: FORK,
    passed: outcomes.filter(({ status }) => status === "passed").length,
    failed: listed("failed"),
    excluded: listed("excluded"),
  };
}

/** For people: every failure by its id, exclusions counted by their reason, the sums last. */
export function describeReport({ passed, failed, excluded }: StateTestReport): string {
  const lines = failed.map(({ id, reason }) => shown(`FAILED ${id}: ${reason}`));
  const counts = new Map<string, number>();
  for (const { reason } of excluded) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  for (const [reason, count] of counts) lines.push(shown(`excluded ${count}: ${reason}`));
  lines.push(`${passed} passed / ${failed.length} failed / ${excluded.length} excluded`);
  return lines.join("\n");
}
