/** Bundles the command and what tests start beside it: npx tsx scripts/build-for-tests.ts <folder> */
import { bundleInto, COMMAND } from "./bundle.ts";

const STARTED_BY_TESTS = [
  "replay/checkdb/fake-main.testkit.ts",
  "replay/el/crash-child.testkit.ts",
  "replay/replay/el-child.testkit.ts",
  "replay/replay/replay-child.testkit.ts",
  "replay/work/fake-worker.testkit.ts",
];

await bundleInto(process.argv[2], [COMMAND, ...STARTED_BY_TESTS]);
