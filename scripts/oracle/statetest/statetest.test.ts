import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { forkNames } from "../../../replay/statetest/forks.ts";
import { describeReport, makeReport } from "../../../replay/statetest/report.ts";
import { runFolder } from "../../../replay/statetest/run-folder.ts";

/** Any folder of published state tests; FORKS narrows what is run ("all" by default). */
const FOLDER = process.env.STATE_TESTS;
const FORKS = process.env.FORKS ?? "all";

describe.skipIf(FOLDER === undefined)(`Ethereum's state tests in ${FOLDER ?? "STATE_TESTS, which names none"}`, () => {
  test(`every case passes: ${FORKS}`, async () => {
    const folder = resolve(FOLDER ?? "");
    const report = makeReport(folder, await runFolder(folder, availableParallelism(), forkNames(FORKS)));
    console.info(describeReport(report));
    expect(report.passed).toBeGreaterThan(0);
    expect(report.failed).toEqual([]);
  });
});
