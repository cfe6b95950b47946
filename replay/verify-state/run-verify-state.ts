import { existsSync } from "node:fs";
import { findOptionalConfig } from "../database/optional-config.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { StatusLine } from "../terminal/status-line.ts";
import { onStopSignals } from "../terminal/stop-signals.ts";
import { colorsFor } from "../text/colors.ts";
import { grouped } from "../text/grouped.ts";
import { jsonText } from "../text/json.ts";
import { configuredTokens } from "../text/token-names.ts";
import { stateJson, stateText } from "./state-answer.ts";
import { type VerifiedState, type VerifyStateRequest, verifyState } from "./verify-state.ts";
import { WalkProgress } from "./walk-progress.ts";

/** A checked command line of `qkc verify-state`. */
export interface VerifyStateCommand extends VerifyStateRequest {
  readonly configPath: string | undefined;
  readonly json: boolean;
}

const SAMPLE_MILLISECONDS = 200;

/** `qkc verify-state`: walks a state and says what it holds. Throws what keeps it from an answer. */
export async function runVerifyState(command: VerifyStateCommand): Promise<ExitCode> {
  const found = findOptionalConfig(command.db, command.configPath);
  const state = await walkWatched(command);
  if (state === undefined) return EXIT.interrupted;
  const known = found === undefined ? [] : configuredTokens(found.config);
  const colors = colorsFor(process.stdout.isTTY, process.env);
  print(command.json ? jsonText(stateJson(state, known)) : stateText(state, known, colors));
  return state.totals.faultCount === 0 ? EXIT.clean : EXIT.damaged;
}

async function walkWatched(command: VerifyStateCommand): Promise<VerifiedState | undefined> {
  const progress = new WalkProgress();
  const status = new StatusLine(process.stderr, process.env);
  let parts = 0;
  const show = () =>
    status.update(
      () => `${grouped(progress.subtrees)}/${grouped(parts)} parts, ${grouped(progress.accounts)} accounts`,
    );
  const timer = setInterval(show, SAMPLE_MILLISECONDS);
  const releaseSignals = onStopSignals(
    () => progress.stop(),
    () => process.exit(EXIT.interrupted),
  );
  try {
    return await verifyState(command, {
      progress,
      onParts: (count) => {
        parts = count;
      },
      workerFile: builtWorker(),
    });
  } finally {
    releaseSignals();
    clearInterval(timer);
    status.stop();
  }
}

/** Only the built program has files that threads can run. */
function builtWorker(): URL | undefined {
  const file = new URL("./walk-worker.js", import.meta.url);
  return existsSync(file) ? file : undefined;
}
