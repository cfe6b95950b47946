import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["node/**/*.test.ts", "replay/**/*.test.ts", "scripts/docs/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
