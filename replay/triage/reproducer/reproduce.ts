import { QkcError, UnsupportedError, UsageError } from "../../../node/codec/errors.ts";
import type { Tracer } from "../../../node/el/evm/tracer.ts";
import type { Executor } from "../../execution/trial.ts";
import { readTextFile } from "../../report/read-text-file.ts";
import { whatifRules } from "../../terminal/rules-option.ts";
import { executionConfigOf } from "./case-config.ts";
import { compareOutcomes } from "./compare-outcomes.ts";
import type { OutcomeDifference, Reproducer } from "./format.ts";
import { entriesOf, outcomeOf } from "./outcome.ts";
import { readReproducer } from "./reproducer-file.ts";
import { configExecutor, runCase } from "./run-case.ts";

/** A reproducer that was executed: it still fails where anything is not as expected. */
export interface Reproduction {
  readonly rules: string;
  readonly differences: readonly OutcomeDifference[];
}

/** Instructions after which an execution is given up: far more than any block has gas for. */
const MOST_STEPS = 20_000_000;

/** `path` names a file. Throws UsageError for what is no reproducer, SystemError for what cannot be read, UnsupportedError for one of a later version. */
export function readReproducerFile(path: string): Reproducer {
  return readReproducer(readTextFile(path), path);
}

/** Executes a reproducer under its own rules or others. */
export function reproduce(reproducer: Reproducer, rulesText = reproducer.rules): Reproduction {
  const config = executionConfigOf(reproducer.config, whatifRules(rulesText));
  return { rules: rulesText, differences: differencesUnder(reproducer, configExecutor(config)) };
}

/** Where the executor does not give what the reproducer expects. */
export function differencesUnder(reproducer: Reproducer, executor: Executor): OutcomeDifference[] {
  const { expected } = reproducer;
  return compareOutcomes(expected, outcomeOf(executed(reproducer, executor), entriesOf(expected)));
}

function executed(reproducer: Reproducer, executor: Executor) {
  try {
    return runCase(reproducer, executor, new StepLimit());
  } catch (error) {
    if (error instanceof UnsupportedError) throw error;
    const reason = error instanceof QkcError || error instanceof RangeError ? error.message : undefined;
    if (reason === undefined) throw error;
    throw new UsageError(`reproducer ${reproducer.about.id} cannot be executed: ${reason}`, { cause: error });
  }
}

/** A file from elsewhere may hold a loop and the gas to run it for years. */
class StepLimit implements Tracer {
  #steps = 0;

  enterMessage(): void {}
  leaveMessage(): void {}

  step(): void {
    if (++this.#steps > MOST_STEPS) throw new UnsupportedError(`the case takes more than ${MOST_STEPS} steps`);
  }
}
