import { createRangeRunner } from "../checkdb/range-runner.ts";
import { createRangeTask } from "./range-worker.ts";

/** Entry of a worker thread of `qkc checkdb`. */
export const runRange = createRangeTask(createRangeRunner, ({ divergences }) => divergences.length);
