#!/usr/bin/env node
import { runCli } from "./run-cli.ts";

process.exitCode = await runCli(process.argv.slice(2), async () => {
  const { surveyDatabase } = await import("../database/survey.ts");
  // The built file: threads do not go through whatever runs this one.
  return {
    surveyDatabase,
    workerFile: new URL("../checkdb/worker.js", import.meta.url),
    triageDivergences: async (request) => (await import("../triage/triage-run.ts")).triageDivergences(request),
  };
});
