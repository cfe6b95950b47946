import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["node/**/*.test.ts", "replay/**/*.test.ts", "scripts/docs/**/*.test.ts"],
    // The default leaves a core to the runner, which hardly uses it.
    maxWorkers: "100%",
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
