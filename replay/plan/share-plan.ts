import type { DatabaseIdentity, Range } from "../report/schema.ts";
import type { PlannedRun } from "../work/planned-run.ts";
import { mostParts, partText, splitRanges } from "../work/split.ts";

/** Name and version of what `qkc plan --json` prints. */
const PLAN_SCHEMA = "qkc-plan/1";

/** What one machine checks. */
interface PlanJob {
  /** As `qkc checkdb --part` takes it. */
  readonly part: string;
  /** Root heights, inclusive. */
  readonly rootFrom: number;
  readonly rootTo: number;
  /** Whether it has the blocks that no root block confirms yet. */
  readonly unconfirmed: boolean;
  /** As far as the height index tells before the chain is followed. */
  readonly minorBlocks: number;
  /** Estimated; null where nothing is known. */
  readonly gas: number | null;
  /** Of all the work, 0 to 1. */
  readonly share: number;
}

/** A run shared out, plain data. */
export interface SharedPlan {
  readonly schema: typeof PLAN_SCHEMA;
  readonly database: DatabaseIdentity;
  readonly configHash: string;
  /** Root heights of the whole run, inclusive: every part is called with these. */
  readonly rootFrom: number;
  readonly rootTo: number;
  readonly shards: readonly number[];
  readonly jobs: readonly PlanJob[];
  /** For a CI system's matrix. */
  readonly matrix: { readonly include: readonly MatrixEntry[] };
}

interface MatrixEntry {
  /** For file names: 01, 02, … */
  readonly id: string;
  readonly part: string;
  readonly from: number;
  readonly to: number;
}

/** Shares a whole run out among `jobs` machines, or as many as there is work for. */
export function sharePlan(run: PlannedRun, database: DatabaseIdentity, jobs: number): SharedPlan {
  const { ranges, rootFrom, rootTo } = run.whole;
  const count = Math.min(jobs, mostParts(ranges));
  const total = weightOf(ranges);
  const parts = splitRanges(ranges, count).map((own, i): PlanJob => {
    const [from, to] = [own[0].firstRootHeight, own[own.length - 1].lastRootHeight];
    const within = (values: ArrayLike<number>) => {
      let sum = 0;
      for (let height = from; height <= to; height++) sum += values[height - rootFrom];
      return sum;
    };
    return {
      part: partText({ index: i + 1, count }),
      rootFrom: from,
      rootTo: to,
      unconfirmed: own.some(({ unconfirmed }) => unconfirmed),
      minorBlocks: within(run.costs.minorBlocks),
      gas: run.costs.gas === undefined ? null : within(run.costs.gas),
      share: weightOf(own) / total,
    };
  });
  const width = Math.max(2, `${count}`.length);
  return {
    schema: PLAN_SCHEMA,
    database,
    configHash: run.provenance.configHash as string,
    rootFrom,
    rootTo,
    shards: run.plan.shards,
    jobs: parts,
    matrix: {
      include: parts.map(({ part }, i) => ({ id: `${i + 1}`.padStart(width, "0"), part, from: rootFrom, to: rootTo })),
    },
  };
}

function weightOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { weight }) => sum + weight, 0);
}
