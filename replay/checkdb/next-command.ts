import type { Divergence, Report } from "../report/schema.ts";
import { commandText } from "../text/command-text.ts";
import type { CheckdbRequest } from "../work/checkdb-request.ts";

/** The command that takes the user further after a run, or undefined where there is none. */
export function nextCommand(
  report: Report,
  request: CheckdbRequest,
  args: readonly string[],
  folder: string | undefined,
): string | undefined {
  if (report.verdict === "divergent") {
    const first = report.divergences.find(({ allowed }) => allowed === null);
    return first && commandText(narrowedTo(first, request));
  }
  if (folder === undefined || (report.verdict !== "interrupted" && report.error?.code !== "CRASH")) return undefined;
  return commandText(resumed(args, folder));
}

/** The smallest run that meets the divergence again. */
function narrowedTo(divergence: Divergence, request: CheckdbRequest): string[] {
  const { fullShardId, rootHeight } = divergence;
  return [
    "checkdb",
    ...["--db", request.db],
    ...(request.configPath === undefined ? [] : ["--config", request.configPath]),
    ...(request.rootTip === undefined ? [] : ["--root-tip", request.rootTip]),
    ...(rootHeight === null ? ["--last", "1", "--unconfirmed"] : ["--from", `${rootHeight}`, "--to", `${rootHeight}`]),
    ...(fullShardId === null ? [] : ["--shard", `${fullShardId}`]),
    ...(request.verifyPow ? ["--verify-pow"] : []),
    ...(request.checkArchive ? ["--check-archive"] : []),
    "--json",
  ];
}

function resumed(args: readonly string[], folder: string): string[] {
  const named = args.some((argument) => argument === "--report" || argument.startsWith("--report="));
  return [...args.filter((argument) => argument !== "--resume"), "--resume", ...(named ? [] : ["--report", folder])];
}
