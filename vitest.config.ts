import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["node/**/*.test.ts", "replay/**/*.test.ts", "scripts/docs/**/*.test.ts", "scripts/imports/**/*.test.ts"],
    // The default leaves a core to the runner, which hardly uses it.
    maxWorkers: "100%",
    // Ends what hangs. A machine that does other work is not a reason to fail, however slow it makes a test.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
