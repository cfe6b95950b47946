import { defineConfig } from "vitest/config";

/** Suites that ask another program: slow, and skipped with a word where that program is not there. */
export default defineConfig({
  test: {
    include: ["scripts/oracle/**/*.test.ts"],
    maxWorkers: "100%",
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
});
