/**
 * Replays of fixtures/pyqkc-small that are ended in every way at hundreds of moments: `npm run test:oracle`. Each comes to
 * the stores and the report of one that nobody disturbed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { SMALL } from "../../../replay/database/small-fixture.testkit.ts";
import { replayWithKills, seededRandom } from "../../../replay/replay/kills.testkit.ts";
import { lasting, replayFolder, replayInProcess, storesOf } from "../../../replay/replay/replay-run.testkit.ts";
import type { Report } from "../../../replay/report/schema.ts";
import { type BuiltProject, buildProject } from "../../../replay/work/built-project.testkit.ts";

const TIP = 18;
const SEED = 7;

let project: BuiltProject;
let expected: { readonly report: unknown; readonly stores: Awaited<ReturnType<typeof storesOf>> };
beforeAll(async () => {
  project = buildProject();
  const whole = replayFolder();
  const { report } = await replayInProcess({ datadir: whole.path, to: TIP });
  expected = { report: lasting(report), stores: await storesOf(whole.path) };
  whole.remove();
});

test("a few hundred processes that kill themselves before, in and after payloads and commits", async () => {
  const random = seededRandom(SEED);
  const folder = replayFolder();
  try {
    let kills = 0;
    for (let run = 0; kills < 200; run++) {
      const datadir = join(folder.path, `${run}`);
      kills += await replayWithKills(project, SMALL, datadir, TIP, () => 1 + Math.floor(random() * 300));
      const { report } = await replayInProcess({ datadir, to: TIP, resume: true });
      expect(lasting(report)).toEqual(expected.report);
      expect(await storesOf(datadir)).toEqual(expected.stores);
    }
    console.log(`${kills} kills`);
  } finally {
    folder.remove();
  }
});

describe("the command, in two threads", () => {
  test("killed 20 times from outside", async () => {
    const random = seededRandom(SEED + 1);
    const folder = replayFolder();
    try {
      for (let kills = 0; ; kills++) {
        const resume = existsSync(join(folder.path, "replay.json")) ? ["--resume"] : [];
        const main = fileURLToPath(project.file("replay/cli/main.ts"));
        const report = join(folder.path, "report");
        const args = [
          "replay",
          "--db",
          SMALL,
          "--datadir",
          folder.path,
          "--report",
          report,
          "--workers",
          "2",
          "--quiet",
        ];
        const child = spawn(process.execPath, [main, ...args, ...resume], { stdio: "ignore" });
        const ended = once(child, "close");
        if (kills < 20) {
          await Promise.race([ended, sleep(300 + random() * 900)]);
          child.kill("SIGKILL");
        }
        const [exitCode] = await ended;
        if (kills < 20) continue;
        expect(exitCode).toBe(0);
        const written = JSON.parse(readFileSync(join(report, "report.json"), "utf8")) as Report;
        expect(lasting(written)).toEqual(expected.report);
        expect(await storesOf(folder.path)).toEqual(expected.stores);
        return;
      }
    } finally {
      folder.remove();
    }
  });
});
