import { CommanderError } from "commander";
import type { CheckdbEngine } from "../checkdb/checkdb-engine.ts";
import { describeFailure } from "../report/failure.ts";
import { tolerateClosedPipes } from "../terminal/closed-pipe.ts";
import { exitCodeOfError } from "../terminal/exit-code.ts";
import { logLine } from "../terminal/log-format.ts";
import { createProgram, withCommand } from "./program.ts";
import { suggestWord } from "./suggest-word.ts";

/**
 * Runs a command line and answers with the exit code. Results go to stdout, everything else to stderr.
 * @param loadEngine loads the engine room; not called for --help and usage errors, which stay quick
 */
export async function runCli(args: readonly string[], loadEngine: () => Promise<CheckdbEngine>): Promise<number> {
  tolerateClosedPipes();
  let exitCode = 0;
  const program = createProgram(await versionFor(args), {
    run: async (command) => {
      exitCode = await command();
    },
    checkdb: async (request) => {
      const { checkdb } = await import("../checkdb/checkdb.ts");
      return await checkdb({ request, args }, await loadEngine());
    },
    coordinate: async (request) => {
      const { coordinate } = await import("../checkdb/coordinator.ts");
      return await coordinate(request, args, await loadEngine());
    },
    work: async (request) => {
      const { runWorker } = await import("../cluster/run-worker.ts");
      return await runWorker(request, await loadEngine());
    },
  });
  try {
    await program.parseAsync(withCommand(args), { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has already said what is wrong.
      process.stderr.write(suggestWord(program, error, args));
      return error.exitCode;
    }
    process.stderr.write(logLine("error", `error: ${errorText(error)}`));
    return exitCodeOfError(error);
  }
}

/** It takes a library to tell all of it: only for who asks. */
async function versionFor(args: readonly string[]): Promise<string> {
  if (!args.some((argument) => argument === "--version" || argument === "-V")) return "";
  return (await import("../terminal/version-text.ts")).versionText();
}

/** A sentence for what a user can mend, the place in the code for a defect. */
function errorText(error: unknown): string {
  const { message, stack } = describeFailure(error);
  return stack ?? message;
}
