import { DatabaseDamagedError } from "../../node/codec/errors.ts";

/**
 * damage: rows or files are missing or contradict each other. limit: something cannot be proved from this database, which
 * is whole otherwise. note: good to know.
 */
export type Severity = "damage" | "limit" | "note";

export type FindingCode =
  | "STORE_UNREADABLE"
  | "LOG_TORN"
  | "STORE_UNUSUAL"
  | "NO_CONFIG"
  | "OTHER_CONFIG"
  | "UNKNOWN_SHARD"
  | "SHARD_NOT_HERE"
  | "NO_ROOT_DATABASE"
  | "ROOT_TIP"
  | "ROOT_COMMITTING"
  | "ROOT_BLOCK"
  | "ROOT_LINK"
  | "ROOT_INDEX"
  | "ROOT_COPY"
  | "CONFIRMED_BLOCK"
  | "MINOR_INDEX"
  | "MINOR_BLOCK"
  | "MINOR_LINK"
  | "STATE_MISSING"
  | "STATE_PRUNED"
  | "STATE_NODE"
  | "RECEIPTS"
  | "DEPOSITS"
  | "HISTORY"
  | "TRIAL_DAMAGE"
  | "TRIAL_DIVERGENCE"
  | "TRIAL_UNSUPPORTED"
  | "TRIAL_FAILED";

/** Where something was found; fullShardId null is the root chain or the whole database. */
export interface Place {
  readonly fullShardId: number | null;
  readonly height?: number;
}

/** What was found of one kind in one chain. */
export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  readonly fullShardId: number | null;
  /** How often. */
  count: number;
  /** The first heights, in the order they were looked at. */
  readonly heights: number[];
  /** Of the first one. */
  readonly message: string;
}

export type Verdict = "fit" | "limited" | "damaged";

const KEPT_HEIGHTS = 20;

/** Collects findings: one entry for each kind and chain, however often it occurs. */
export class Diagnosis {
  readonly #byKind = new Map<string, Finding>();

  add(severity: Severity, code: FindingCode, { fullShardId, height }: Place, message: string): void {
    const kind = `${severity} ${code} ${fullShardId}`;
    let finding = this.#byKind.get(kind);
    if (finding === undefined) {
      finding = { severity, code, fullShardId, count: 0, heights: [], message };
      this.#byKind.set(kind, finding);
    }
    finding.count++;
    if (height !== undefined && finding.heights.length < KEPT_HEIGHTS) finding.heights.push(height);
  }

  /** What `look` answers; where a row it needs is damaged, that is a finding and the answer undefined. */
  try<T>(code: FindingCode, place: Place, look: () => T): T | undefined {
    try {
      return look();
    } catch (error) {
      if (!(error instanceof DatabaseDamagedError)) throw error;
      this.add("damage", code, place, error.message);
      return undefined;
    }
  }

  /** Worst first. */
  get findings(): readonly Finding[] {
    const order: readonly Severity[] = ["damage", "limit", "note"];
    return [...this.#byKind.values()].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  }

  get verdict(): Verdict {
    if (this.findings.some(({ severity }) => severity === "damage")) return "damaged";
    return this.findings.some(({ severity }) => severity === "limit") ? "limited" : "fit";
  }
}
