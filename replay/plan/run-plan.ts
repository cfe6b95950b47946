import { surveyDatabase } from "../database/survey.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { note, print, printAsIs } from "../terminal/print.ts";
import { grouped } from "../text/grouped.ts";
import { jsonText } from "../text/json.ts";
import { textTable } from "../text/table.ts";
import { checkdbRequest } from "../work/checkdb-request.ts";
import { planRun } from "../work/planned-run.ts";
import { type SharedPlan, sharePlan } from "./share-plan.ts";

export interface PlanCommandRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly jobs: number;
  readonly from?: number;
  readonly to?: number;
  readonly last?: number;
  readonly shard?: readonly number[];
  readonly unconfirmed?: true;
  readonly rootTip?: string;
  readonly json: boolean;
}

/** Throws UsageError where the request asks for blocks that the database does not have. */
export async function runPlan({ jobs, configPath, json, ...options }: PlanCommandRequest): Promise<ExitCode> {
  const request = checkdbRequest({ ...options, config: configPath, verifyChecksums: "default", stallTimeout: 60 });
  const survey = await surveyDatabase(request);
  try {
    const plan = sharePlan(planRun(request, survey, true), survey.identity, jobs);
    for (const warning of survey.warnings) note(`warning: ${warning}`);
    if (json) printAsIs(jsonText(plan));
    else print(planText(plan, jobs));
    return EXIT.clean;
  } finally {
    survey.close();
  }
}

function planText({ rootFrom, rootTo, jobs }: SharedPlan, wanted: number): string {
  const rows = jobs.map(({ part, rootFrom: from, rootTo: to, unconfirmed, gas, share }) => [
    part,
    `${from}..${to}${unconfirmed ? " and unconfirmed" : ""}`,
    gas === null ? "unknown" : grouped(Math.round(gas)),
    `${(share * 100).toFixed(1)} %`,
  ]);
  const fewer = jobs.length < wanted ? ` (${wanted} asked for: there is not more to share out)` : "";
  return [
    `${jobs.length} parts of root blocks ${rootFrom}..${rootTo}${fewer}`,
    "",
    textTable([["part", "root blocks", "gas", "work"], ...rows], [2, 3]),
    "",
    `each: qkc checkdb --db DIR --from ${rootFrom} --to ${rootTo} --part <part> --report parts/<n>; then: qkc report merge parts`,
    "",
  ].join("\n");
}
