import { defineConfig } from "vitest/config";

/** They replace modules, which the files after them in the same process would get too, or count what the process holds. */
const APART = [
  "node/archive/sstable/shared-logs.test.ts",
  "node/cl/pow/ethash-cache-pool.test.ts",
  "replay/cli/program.test.ts",
  "replay/replay/replay-command.test.ts",
];

export default defineConfig({
  test: {
    globalSetup: "./scripts/test-build.ts",
    projects: [
      { extends: true, test: { name: "apart", include: APART } },
      {
        extends: true,
        test: {
          name: "together",
          include: [
            "node/**/*.test.ts",
            "replay/**/*.test.ts",
            "scripts/*.test.ts",
            "scripts/docs/**/*.test.ts",
            "scripts/imports/**/*.test.ts",
          ],
          exclude: APART,
          // Starting a process and loading modules for each file would take as long as many a file's tests.
          isolate: false,
        },
      },
    ],
    // The default leaves a core to the runner, which hardly uses it.
    // Nothing is late because the machine does other work: a test that waits for a thing waits long.
    expect: { poll: { timeout: 120_000 } },
    maxWorkers: "100%",
    // Ends what hangs. A machine that does other work is not a reason to fail, however slow it makes a test.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
