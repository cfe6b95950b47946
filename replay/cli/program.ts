import { Command } from "commander";
import { addBisectCommand } from "../bisect/bisect-command.ts";
import { addCheckdbCommand, CHECKDB_EXIT_CODES } from "../checkdb/checkdb-command.ts";
import { addCoordinatorCommand, type CoordinatorRequest } from "../checkdb/coordinator-command.ts";
import type { WorkerRequest } from "../cluster/run-worker.ts";
import { addCompareCommand } from "../compare/compare-command.ts";
import { addCompletionCommand } from "../completion/completion-command.ts";
import { addElConformanceCommand } from "../conformance/el-conformance-command.ts";
import { addDiffCommand } from "../diff/diff-command.ts";
import { addDoctorCommand } from "../doctor/doctor-command.ts";
import { addElCommand } from "../el/el-command.ts";
import { addExportDatabaseCommand } from "../export-database/export-database-command.ts";
import { addGenesisCommand } from "../genesis/genesis-command.ts";
import { addInspectCommand } from "../inspect/inspect-command.ts";
import { addMergeCommand } from "../merge/merge-command.ts";
import { addPlanCommand } from "../plan/plan-command.ts";
import { addReplayCommand } from "../replay/replay-command.ts";
import { addReportCommand } from "../reporters/report-command.ts";
import { addReproduceCommand } from "../reproduce/reproduce-command.ts";
import { addImportCommand } from "../slave/import-command.ts";
import { addSlaveCommand, requestAfterReplay } from "../slave/slave-command.ts";
import { addSnapshotCommand } from "../snapshot/snapshot-command.ts";
import type { RunCommand } from "../terminal/command.ts";
import { type ExitCode, exitCodesText } from "../terminal/exit-code.ts";
import { setLogFormat } from "../terminal/log-format.ts";
import { addTraceCommand } from "../trace/trace-command.ts";
import { addVerifyStateCommand } from "../verify-state/verify-state-command.ts";
import { addWhatifCommand } from "../whatif/whatif-command.ts";
import type { CheckdbRequest } from "../work/checkdb-request.ts";
import { addWorkerCommand } from "../worker/worker-command.ts";

/** What the definitions of commands are given. */
export interface ProgramParts {
  readonly run: RunCommand;
  checkdb(request: CheckdbRequest): Promise<ExitCode>;
  coordinate(request: CoordinatorRequest): Promise<ExitCode>;
  work(request: WorkerRequest): Promise<ExitCode>;
}

/** The command line of `qkc`. It throws CommanderError instead of ending the process. */
export function createProgram(version: string, { run, checkdb, coordinate, work }: ProgramParts): Command {
  const program = new Command("qkc")
    .description("Re-executes QuarkChain history and says exactly where a block differs")
    .version(version, "-V, --version", "print the version and what it was built from")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print this help, or that of a command")
    .hook("preAction", (_, command) => setLogFormat(command.opts().logFormat ?? "text"))
    // An option belongs to the command that it stands behind: report and report compare both have --output.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("(run with --help for all options)")
    .addHelpText("after", `\n${exitCodesText(CHECKDB_EXIT_CODES)}`);
  addCheckdbCommand(program, run, checkdb);
  addGenesisCommand(program, run);
  addDoctorCommand(program, run);
  addInspectCommand(program, run);
  addVerifyStateCommand(program, run);
  addReplayCommand(program, run, async (start) =>
    (await import("../slave/run-slave.ts")).runSlave(requestAfterReplay(start)),
  );
  addElCommand(program, run);
  addElConformanceCommand(program, run);
  addImportCommand(addSlaveCommand(program, run), run);
  addWhatifCommand(program, run);
  addBisectCommand(program, run);
  addTraceCommand(program, run);
  addDiffCommand(program, run);
  addReproduceCommand(program, run);
  addExportDatabaseCommand(program, run);
  addPlanCommand(program, run);
  addSnapshotCommand(program, run);
  addCoordinatorCommand(program, run, coordinate);
  addWorkerCommand(program, run, work);
  const report = addReportCommand(program, run);
  addMergeCommand(report, run);
  addCompareCommand(report, run);
  addCompletionCommand(program, run);
  return program;
}

/** Lets the old commands' options stand alone: `qkc --check_db=True …` is `qkc checkdb --check_db=True …`. */
export function withCommand(args: readonly string[]): string[] {
  const old = args.some((argument) => argument.startsWith("--check_db"));
  return old && args[0].startsWith("-") ? ["checkdb", ...args] : [...args];
}
