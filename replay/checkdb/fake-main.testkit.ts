import { runCli } from "../cli/run-cli.ts";
import { surveyFakeDatabase } from "../work/fake-database.testkit.ts";

/** `qkc` over fake databases. */
process.exitCode = await runCli(process.argv.slice(2), async () => ({
  surveyDatabase: surveyFakeDatabase,
  triageDivergences: async () => ({ triages: new Map(), classes: new Map(), warnings: [] }),
  workerFile: new URL("../work/fake-worker.testkit.js", import.meta.url),
}));
