import { rmSync } from "node:fs";
import { join } from "node:path";
import { readAllowlist } from "../report/classes/allowlist.ts";
import { PART_FILE, type PartRecord, writePartRecord } from "../report/parts/part-record.ts";
import type { RangeResult, Report, ReportPart } from "../report/schema.ts";
import type { TriageRun } from "../triage/triage-run.ts";
import type { CheckdbRequest } from "../work/checkdb-request.ts";
import type { PlannedRun } from "../work/planned-run.ts";

/** How a report says that it is about one part; undefined for one about a whole run. */
export function partOfReport({ part }: CheckdbRequest, { whole }: PlannedRun): ReportPart | undefined {
  return part && { ...part, rootFrom: whole.rootFrom, rootTo: whole.rootTo };
}

export interface EndedPart {
  readonly request: CheckdbRequest;
  readonly run: PlannedRun;
  readonly results: readonly RangeResult[];
  /** That a complete run counts. */
  readonly minorBlocks: number;
  readonly triage: TriageRun;
  readonly report: Report;
  readonly folder: string;
}

/** Writes what `qkc report merge` needs of a part; takes it away where the run is none. */
export async function keepPartRecord(ended: EndedPart): Promise<void> {
  const { request, folder } = ended;
  if (request.part === undefined) rmSync(join(folder, PART_FILE), { force: true });
  else await writePartRecord(folder, partRecord(ended));
}

function partRecord({ request, run, results, minorBlocks, triage, report }: EndedPart): Omit<PartRecord, "schema"> {
  const { whole, plan } = run;
  return {
    identity: run.identity,
    provenance: run.provenance,
    range: { rootFrom: whole.rootFrom, rootTo: whole.rootTo, shards: [...plan.shards] },
    ranges: [...whole.ranges],
    first: whole.firstRange,
    count: run.ranges.length,
    maxFindings: plan.maxFindings,
    results: results.map((result) => ({ ...result, index: result.index + whole.firstRange })),
    expected: { ...run.expected, minorBlocks },
    warnings: [...run.warnings],
    look: { triages: [...triage.triages], classes: [...triage.classes], warnings: [...triage.warnings] },
    allowlist: request.allowFile === undefined ? [] : [...readAllowlist(request.allowFile)],
    timing: report.timing,
  };
}
