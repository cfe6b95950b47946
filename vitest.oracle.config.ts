import { defineConfig } from "vitest/config";

/** Of `npm test`, which takes a part of their cases. */
const THOROUGH = [
  "node/archive/sstable/damage.test.ts",
  "node/archive/sstable/leveldb-store.test.ts",
  "node/engine/api/engine-json.test.ts",
  "node/shard/interleavings.test.ts",
  "replay/replay/interleavings.test.ts",
];

/** Suites that ask another program, skipped with a word where that program is not there, and those that take long. */
export default defineConfig({
  test: {
    globalSetup: "./scripts/test-build.ts",
    include: ["scripts/oracle/**/*.test.ts", ...THOROUGH],
    env: { QKC_THOROUGH: "1" },
    // Nothing is late because the machine does other work: a test that waits for a thing waits long.
    expect: { poll: { timeout: 120_000 } },
    maxWorkers: "100%",
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
});
