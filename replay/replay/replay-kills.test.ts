import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { SMALL } from "../database/small-fixture.testkit.ts";
import { type BuiltProject, buildProject } from "../work/built-project.testkit.ts";
import { replayWithKills, runScript } from "./kills.testkit.ts";
import { lasting, replayFolder, replayInProcess, storesOf } from "./replay-run.testkit.ts";

const TO = 2;

let project: BuiltProject;
beforeAll(() => {
  project = buildProject();
});

describe("the command", () => {
  test("in two threads comes to the same report; interrupted before, it answers 130 and says how to go on", async () => {
    const [whole, threads] = [replayFolder(), replayFolder()];
    try {
      const main = fileURLToPath(project.file("replay/cli/main.ts"));
      const report = join(threads.path, "report");
      const folders = ["--db", SMALL, "--datadir", threads.path, "--report", report];
      const command = [main, "replay", ...folders, "--to", `${TO}`, "--workers", "2"];
      const interrupted = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "ignore"] });
      let said = "";
      interrupted.stdout.on("data", (chunk) => (said += chunk));
      const ended = once(interrupted, "close");
      // Its stores are there: it has begun.
      while (!existsSync(join(threads.path, "cl-1", "CURRENT")) && interrupted.exitCode === null) await sleep(5);
      interrupted.kill("SIGINT");
      expect(await ended).toEqual([130, null]);
      expect(said).toMatch(/^interrupted: .*\n[\s\S]*next: {3}node \S+main\.js replay --db .* --resume\n$/);
      const child = spawn(process.execPath, [...command, "--resume", "--quiet"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      expect(await once(child, "close")).toEqual([0, null]);
      const expected = await replayInProcess({ datadir: whole.path, to: TO });
      expect(lasting(JSON.parse(readFileSync(join(report, "report.json"), "utf8")))).toEqual(lasting(expected.report));
      expect(await storesOf(threads.path)).toEqual(await storesOf(whole.path));
    } finally {
      whole.remove();
      threads.remove();
    }
  });
});

describe("a process that ends at any moment", () => {
  test("killed in the midst of payloads and commits, the run continues to the same stores and report", async () => {
    const [whole, killed] = [replayFolder(), replayFolder()];
    try {
      const expected = await replayInProcess({ datadir: whole.path, to: TO });
      const kills = await replayWithKills(project, SMALL, killed.path, TO, (kill) => 17 + 43 * kill);
      expect(kills).toBeGreaterThanOrEqual(2);
      const continued = await replayInProcess({ datadir: killed.path, to: TO, resume: true });
      expect(lasting(continued.report)).toEqual(lasting(expected.report));
      expect(await storesOf(killed.path)).toEqual(await storesOf(whole.path));
    } finally {
      whole.remove();
      killed.remove();
    }
  });

  test("on a full disk it says so, and continues when there is room", async () => {
    const folder = replayFolder();
    try {
      const script = project.file("replay/replay/replay-child.testkit.ts");
      const full = await runScript(script, [SMALL, folder.path, "4", "fresh", "0"], 24);
      expect(full.exitCode).toBe(1);
      expect(full.stderr).toMatch(/cannot be written|cannot open/);
      const continued = await replayInProcess({ datadir: folder.path, to: 4, resume: true });
      expect(continued.report?.verdict).toBe("clean");
    } finally {
      folder.remove();
    }
  });
});
