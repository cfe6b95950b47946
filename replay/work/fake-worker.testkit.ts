import { createFakeRunner } from "./fake-database.testkit.ts";
import { createRangeTask } from "./range-worker.ts";

/** Worker thread over a fake database. */
export const runRange = createRangeTask(createFakeRunner, ({ divergences }) => divergences.length);
