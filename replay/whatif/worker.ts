import { createRangeTask } from "../work/range-worker.ts";
import { createWhatifRunner } from "./range-runner.ts";

/** Entry of a worker thread of `qkc whatif`. */
export const runRange = createRangeTask(createWhatifRunner, ({ counts }) => counts.changedBlocks);
