import { createRangeRunner } from "../execution/range-runner.ts";
import { createRangeTask } from "../work/range-worker.ts";

/** Entry of a worker thread of `qkc checkdb`. */
export const runRange = createRangeTask(createRangeRunner, ({ divergences }) => divergences.length);
