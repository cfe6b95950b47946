import { CommanderError } from "commander";
import type { CheckdbEngine } from "../checkdb/checkdb-engine.ts";
import { describeFailure } from "../report/failure.ts";
import { programVersion } from "../report/version.ts";
import { tolerateClosedPipes } from "../terminal/closed-pipe.ts";
import { exitCodeOfError } from "../terminal/exit-code.ts";
import { createProgram, withCommand } from "./program.ts";

/**
 * Runs a command line and answers with the exit code. Results go to stdout, everything else to stderr.
 * @param loadEngine loads the engine room; not called for --help and usage errors, which stay quick
 */
export async function runCli(args: readonly string[], loadEngine: () => Promise<CheckdbEngine>): Promise<number> {
  tolerateClosedPipes();
  let exitCode = 0;
  const program = createProgram(programVersion(), {
    run: async (command) => {
      exitCode = await command();
    },
    checkdb: async (request) => {
      const { checkdb } = await import("../checkdb/checkdb.ts");
      return await checkdb({ request, args }, await loadEngine());
    },
  });
  try {
    await program.parseAsync(withCommand(args), { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has already said what is wrong.
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`error: ${errorText(error)}\n`);
    return exitCodeOfError(error);
  }
}

/** A sentence for what a user can mend, the place in the code for a defect. */
function errorText(error: unknown): string {
  const { message, stack } = describeFailure(error);
  return stack ?? message;
}
