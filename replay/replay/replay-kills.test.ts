import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SMALL } from "../inspect/small-fixture.testkit.ts";
import { type BuiltProject, buildProject } from "../work/built-project.testkit.ts";
import { replayWithKills, runScript } from "./kills.testkit.ts";
import { lasting, replayFolder, replayInProcess, storesOf } from "./replay-run.testkit.ts";

const TO = 2;

let project: BuiltProject;
beforeAll(() => {
  project = buildProject();
});
afterAll(() => project.remove());

describe("a process that ends at any moment", () => {
  test("killed in the midst of payloads and commits, the run continues to the same stores and report", async () => {
    const [whole, killed] = [replayFolder(), replayFolder()];
    try {
      const expected = await replayInProcess({ datadir: whole.path, to: TO });
      const kills = await replayWithKills(project, SMALL, killed.path, TO, (kill) => 17 + 31 * kill);
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
      expect(full.stderr).toMatch(/cannot be written|cannot be opened/);
      const continued = await replayInProcess({ datadir: folder.path, to: 4, resume: true });
      expect(continued.report?.verdict).toBe("clean");
    } finally {
      folder.remove();
    }
  });
});
