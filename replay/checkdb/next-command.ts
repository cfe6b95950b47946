import type { Divergence, Report } from "../report/schema.ts";
import { commandText } from "../text/command-text.ts";
import type { CheckdbRequest } from "../work/checkdb-request.ts";

/** Errors after which the same run may come to its end: a thread that died, a disk that was full. */
const ENDED_EARLY = ["CRASH", "STORAGE"];

/**
 * The command that takes the user further after a run, or undefined where there is none.
 * @param isUnkept whether its report could not be written
 */
export function nextCommand(
  report: Report,
  request: CheckdbRequest,
  args: readonly string[],
  folder: string | undefined,
  isUnkept = false,
): string | undefined {
  if (folder !== undefined && isUnkept) return commandText(resumed(args, folder));
  if (report.verdict === "divergent") {
    // Each divergence has a command of its own; the page has all of them with what was found.
    if (folder !== undefined && request.reporters?.includes("html") !== true)
      return commandText(["report", "html", folder]);
    const first = report.divergences.find(({ allowed }) => allowed === null);
    return first && commandText(narrowedTo(first, request));
  }
  const isEndedEarly = report.verdict === "interrupted" || ENDED_EARLY.includes(report.error?.code ?? "");
  if (folder === undefined || !isEndedEarly) return undefined;
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
  return [
    ...args.filter((argument, i) => !isResume(argument, args[i - 1])),
    "--resume",
    ...(named ? [] : ["--report", folder]),
  ];
}

/** `--resume`, `--resume=auto`, or the value of `--resume auto`. */
function isResume(argument: string, before: string | undefined): boolean {
  return argument === "--resume" || argument.startsWith("--resume=") || (argument === "auto" && before === "--resume");
}
