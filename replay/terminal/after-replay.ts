import type { ExitCode } from "./exit-code.ts";

/** What a slave is told that goes on where a replay has ended. */
export interface AfterReplay {
  readonly configPath: string;
  /** Which of SLAVE_LIST it is. */
  readonly nodeId: string;
  /** The replay's. */
  readonly datadir: string;
  readonly gcMode: "archive" | "prune";
}

/** Serves until the slave ends. */
export type ServeAfterReplay = (start: AfterReplay) => Promise<ExitCode>;
