import type { Executor } from "../../execution/trial.ts";
import { compareOutcomes, differenceClass } from "./compare-outcomes.ts";
import type { Outcome, OutcomeDifference, ReproducerCase } from "./format.ts";
import { changedEntries, outcomeOf, unionOf } from "./outcome.ts";
import { runCase } from "./run-case.ts";
import { StepProbe } from "./step-probe.ts";
import { TouchedState } from "./touched-state.ts";

/** What two executions of a case come to. */
export interface Judgement {
  readonly expected: Outcome;
  readonly got: Outcome;
  readonly differences: readonly OutcomeDifference[];
  /** Where and in which fields they differ, without numbers; empty where nothing differs. */
  readonly sort: string;
  /** The instruction at which their steps part. */
  readonly parting: string;
  /** Instructions of both. */
  readonly steps: number;
  readonly touched: TouchedState;
  readonly reached: ReadonlyMap<string, ReadonlySet<number>>;
}

/** Executes a case both ways. Undefined where one of them cannot execute it at all. */
export function judge(subject: ReproducerCase, reference: Executor, tested: Executor): Judgement | undefined {
  const probes = [new StepProbe(), new StepProbe()] as const;
  const touched = new TouchedState();
  try {
    const runs = [
      runCase(subject, reference, probes[0], touched),
      runCase(subject, tested, probes[1], touched),
    ] as const;
    const entries = unionOf(runs.map((run) => changedEntries(run, subject.pre)));
    const [expected, got] = [outcomeOf(runs[0], entries), outcomeOf(runs[1], entries)];
    const differences = compareOutcomes(expected, got);
    return {
      expected,
      got,
      differences,
      sort: differenceClass(differences),
      parting: probes[0].parting(probes[1]),
      steps: probes[0].count + probes[1].count,
      touched,
      reached: joined(probes[0].reached, probes[1].reached),
    };
  } catch {
    // A candidate that one side throws at (an UnsupportedError, a damaged state) shows another problem.
    return undefined;
  }
}

function joined(
  a: ReadonlyMap<string, ReadonlySet<number>>,
  b: ReadonlyMap<string, ReadonlySet<number>>,
): ReadonlyMap<string, ReadonlySet<number>> {
  const all = new Map(a);
  for (const [address, bytes] of b) all.set(address, new Set([...(all.get(address) ?? []), ...bytes]));
  return all;
}
