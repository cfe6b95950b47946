import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenDatabase } from "../database/open-database.ts";
import { surveyOf } from "../database/survey.ts";
import { rangeRunnerOver } from "../execution/range-runner.ts";
import { divergencesInOrder } from "../report/assemble.ts";
import type { FoundDivergence, RangeResult } from "../report/schema.ts";
import type { Triage } from "../report/triage-schema.ts";
import { blockName } from "../text/block-name.ts";
import { findCauses } from "../triage/divergence-causes.ts";
import { triageIn } from "../triage/triage-run.ts";
import { type CheckdbOptions, checkdbRequest } from "../work/checkdb-request.ts";
import { planRun } from "../work/planned-run.ts";

/** What `qkc checkdb` would find, and what its closer look says of it. */
export interface NarrowFindings {
  readonly divergences: readonly FoundDivergence[];
  readonly triages: readonly Triage[];
  /** What could not be checked, in sentences: damage, and what this version does not understand. */
  readonly faults: readonly string[];
}

export type NarrowOptions = Pick<CheckdbOptions, "from" | "to" | "shard" | "unconfirmed" | "verifyPow" | "rootTip">;

/** `qkc checkdb` of a few root blocks, in this thread and over a database that is open; nothing is kept of its report. */
export async function checkNarrowly(
  database: OpenDatabase,
  db: string,
  options: NarrowOptions,
): Promise<NarrowFindings> {
  const request = checkdbRequest({ ...options, db, workers: 1, verifyChecksums: "default", stallTimeout: 1 });
  const { plan, ranges } = planRun(request, surveyOf(database, request));
  const runner = rangeRunnerOver(plan, database, findCauses);
  const results: RangeResult[] = [];
  for (const range of ranges) {
    const result = await runner.run(range, UNWATCHED, () => false);
    if (result !== "stopped") results.push(result);
  }
  const divergences = divergencesInOrder(results);
  const folder = mkdtempSync(join(tmpdir(), "qkc-triage-"));
  try {
    const { triages } = await triageIn(database, { divergences, folder });
    const faults = results.flatMap(({ damage, unsupported }) => [...damage, ...unsupported]);
    return { divergences, triages: [...triages.values()], faults: faults.map(faultText) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Fault = RangeResult["damage" | "unsupported"][number];

function faultText({ fullShardId, height, message }: Fault): string {
  return height === null ? message : `${blockName({ fullShardId, height })}: ${message}`;
}

const UNWATCHED = { startBlock: () => {}, finishBlock: () => {}, countDivergence: () => {} };
