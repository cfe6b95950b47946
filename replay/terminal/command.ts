import type { ExitCode } from "./exit-code.ts";

/**
 * Runs a command and ends the process with what it answers. A command's definition is loaded with the command line, what
 * it does only when it is asked for: `--help` stays quick.
 */
export type RunCommand = (command: () => Promise<ExitCode>) => Promise<void>;
