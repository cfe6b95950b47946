import { Piscina } from "piscina";
import { QkcError } from "../../node/codec/errors.ts";
import type { StateTotals } from "./state-totals.ts";
import type { Subtree } from "./state-walk.ts";
import type { WalkInput } from "./walk-task.ts";
import type { WalkOutcome } from "./walk-worker.ts";

export interface WalkPoolRequest {
  /** The built walk-worker.js. */
  readonly workerFile: URL;
  readonly input: WalkInput;
  readonly workers: number;
}

/** Walks parts of a state in threads. Undefined when the user wants to stop; throws QkcError where a thread fails. */
export async function walkInThreads(
  { workerFile, input, workers }: WalkPoolRequest,
  subtrees: readonly Subtree[],
): Promise<StateTotals[] | undefined> {
  const pool = new Piscina<Subtree, WalkOutcome>({
    filename: workerFile.href,
    name: "walkPart",
    minThreads: workers,
    maxThreads: workers,
    workerData: input,
  });
  try {
    const outcomes = await Promise.all(subtrees.map((subtree) => pool.run(subtree)));
    const parts: StateTotals[] = [];
    for (const outcome of outcomes) {
      if (outcome.status === "stopped") return undefined;
      if (outcome.status === "failed") throw threadError(outcome.failure);
      parts.push(outcome.totals);
    }
    return parts;
  } finally {
    await pool.destroy();
  }
}

function threadError({ code, message, stack }: Extract<WalkOutcome, { status: "failed" }>["failure"]): Error {
  if (code !== "DATABASE_DAMAGED" && code !== "UNSUPPORTED") return new QkcError("INTERNAL", stack ?? message);
  return new QkcError(code, message);
}
