import type { Divergence, Report } from "../report/schema.ts";
import { commandText, withDatabase } from "../text/command-text.ts";

/** The one command that shows a divergence again. */
export function showAgain(report: Report, { triage, fullShardId, rootHeight }: Divergence): string {
  if (triage !== null) return withDatabase(triage.command, report.timing.databasePath);
  const span =
    rootHeight === null ? ["--last", "1", "--unconfirmed"] : ["--from", `${rootHeight}`, "--to", `${rootHeight}`];
  const shard = fullShardId === null ? [] : ["--shard", `${fullShardId}`];
  const { verifyPow, checkArchive, rootTip } = report.provenance.flags;
  const flags = [
    ...(rootTip === null ? [] : ["--root-tip", rootTip]),
    ...(verifyPow ? ["--verify-pow"] : []),
    ...(checkArchive ? ["--check-archive"] : []),
  ];
  return commandText(["checkdb", "--db", report.timing.databasePath, ...span, ...shard, ...flags, "--json"]);
}
