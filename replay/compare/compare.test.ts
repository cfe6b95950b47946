import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Ended, startQkc } from "../checkdb/twin-command.testkit.ts";
import { reportText } from "../report/run-folder.ts";
import { triagedReport } from "../reporters/triaged-report.testkit.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../work/built-project.testkit.ts";

let project: BuiltProject;
let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  project = buildProject();
  folder = temporaryFolder();
  for (const count of [0, 2, 5]) {
    mkdirSync(join(folder.path, `r${count}`));
    writeFileSync(join(folder.path, `r${count}`, "report.json"), reportText(triagedReport(count)));
  }
});
afterAll(() => {
  folder.remove();
});

function compare(...args: string[]): Promise<Ended> {
  return startQkc(project, folder.path, ["report", "compare", ...args]).ended;
}

it("exits with 2 where something is new, with 0 where nothing is, and writes where it is told", async () => {
  expect(await compare("r2", "r5")).toMatchObject({ code: 2, stdout: expect.stringContaining("3 new divergences") });
  expect(await compare("r5", "r2")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("nothing new; 2 known, 3 gone"),
  });
  expect((await compare("r0", "r2", "--also", "r5")).code).toBe(0);
  const written = await compare("r2", "r5", "--form", "markdown", "--output", "new.md", "--baseline", "speed.json");
  expect(written).toMatchObject({ code: 2, stdout: "" });
  expect(readFileSync(join(folder.path, "new.md"), "utf8")).toContain("### New divergences");
  expect(JSON.parse(readFileSync(join(folder.path, "speed.json"), "utf8")).runs).toHaveLength(1);
  expect(await compare("r2", "none")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("there is no file none"),
  });
});
