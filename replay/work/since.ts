import { UsageError } from "../../node/codec/errors.ts";
import { loadReport } from "../report/load-report.ts";
import type { Report, ReportSince } from "../report/schema.ts";
import type { CheckdbRequest } from "./checkdb-request.ts";
import type { DatabaseSurvey } from "./range-job.ts";

/** A request that goes on where an earlier run ended, and which run that was. */
export interface ContinuedRequest {
  readonly request: CheckdbRequest;
  readonly since: ReportSince;
}

/**
 * Makes a request start above the last root block that an earlier, clean run has checked. Throws UsageError where that run
 * does not speak for what lies below: it was not clean, asked for less, or saw another chain.
 */
export async function continuedRequest(
  reportPath: string,
  request: CheckdbRequest,
  survey: DatabaseSurvey,
): Promise<ContinuedRequest> {
  const { report, path } = loadReport(reportPath);
  const refuse = (why: string) => new UsageError(`--since ${path}: ${why}`);
  const reason = whyNoGround(report, request, survey);
  if (reason !== undefined || report.range === null || report.provenance.database === null) {
    throw refuse(reason ?? "its run had no database");
  }
  const { range, provenance, timing } = report;
  const { tipHeight, tipHash } = report.provenance.database;
  await assertSameHistory(survey, { tipHeight, tipHash }, refuse);
  if (range.rootTo >= survey.identity.tipHeight) {
    throw refuse(`it ends at root block ${range.rootTo}, the tip of this database: there is nothing new to check`);
  }
  const to = request.span.kind === "heights" ? request.span.to : undefined;
  return {
    request: { ...request, span: { kind: "heights", from: range.rootTo + 1, to } },
    since: {
      ...{ rootFrom: range.rootFrom, rootTo: range.rootTo, tipHeight, tipHash },
      ...{ startedAt: timing.startedAt, version: provenance.version },
    },
  };
}

/** Why a report says too little about the history below its end; undefined where it says enough. */
function whyNoGround(report: Report, request: CheckdbRequest, survey: DatabaseSurvey): string | undefined {
  const { provenance, range } = report;
  if (report.command !== "checkdb") return `it is of a ${report.command}, not of a check`;
  if (report.part !== undefined) return "it is of a part only: merge the parts (qkc report merge)";
  if (report.verdict !== "clean") return `its verdict is ${report.verdict}: only a clean run can be gone on with`;
  const shards = request.shards ?? survey.shards;
  const missing = shards.filter((shard) => range?.shards.includes(shard) !== true);
  if (missing.length > 0) return `it did not check shard ${missing.join(", ")}`;
  if (request.verifyPow && !provenance.flags.verifyPow) return "it was made without --verify-pow";
  if (request.checkArchive && !provenance.flags.checkArchive) return "it was made without --check-archive";
  const { identity, configHash, ruleSet } = survey;
  if (provenance.database?.genesisHash !== identity.genesisHash)
    return "it is of another chain: its genesis block differs";
  if (provenance.configHash !== configHash) return "it was made with another configuration";
  if (provenance.ruleSet !== ruleSet) return `it was made by the rules ${provenance.ruleSet}`;
  return undefined;
}

/**
 * The root block that the earlier run took as its tip must be an ancestor of this tip: every block names the hash of the one
 * before it, so all below it is what that run saw.
 */
async function assertSameHistory(
  survey: DatabaseSurvey,
  { tipHeight, tipHash }: { readonly tipHeight: number; readonly tipHash: string },
  refuse: (why: string) => UsageError,
): Promise<void> {
  const tip = survey.identity.tipHeight;
  if (tipHeight > tip) throw refuse(`it saw root block ${tipHeight}; this database ends at ${tip}: use a newer copy`);
  const span = { from: tipHeight, to: tip, shards: [], heights: [tipHeight] };
  const { hashes } = await survey.prove(span, () => true);
  const here = hashes.get(tipHeight);
  if (here === tipHash) return;
  throw refuse(
    `root block ${tipHeight} was ${tipHash} and is ${here}: the history below is no longer the one that was checked ` +
      "(a reorganisation, or another chain); check it once more without --since",
  );
}
