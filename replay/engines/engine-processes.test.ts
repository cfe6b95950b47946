import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePorts } from "../../node/engine/process/engine-processes.ts";
import { SMALL } from "../database/small-fixture.testkit.ts";
import { lasting, replayFolder, replayInProcess } from "../replay/replay-run.testkit.ts";
import { type BuiltProject, buildProject } from "../work/built-project.testkit.ts";

const one = { to: 1, shards: [1] };

let project: BuiltProject;
beforeAll(() => {
  project = buildProject();
});

let folder: ReturnType<typeof replayFolder>;
beforeEach(() => {
  folder = replayFolder();
});
afterEach(() => folder.remove());

function replayWith(command: string, change: { readonly to: number; readonly shards: readonly number[] }) {
  const engines = { kind: "command", command, jwtSecretPath: undefined } as const;
  return replayInProcess({ datadir: join(folder.path, "new"), engines, ...change });
}

describe("engines in processes that the replay starts", () => {
  test("one that is killed in the midst of a payload is started again, and the run goes on", async () => {
    const part = { to: 3, shards: [1, 65538] };
    const script = fileURLToPath(project.file("replay/replay/el-child.testkit.ts"));
    const run = await replayWith(`'${process.execPath}' '${script}' '${SMALL}' {datadir} {shard} {port}`, part);
    expect(run.error).toBeUndefined();
    for (const shard of part.shards) expect(existsSync(join(folder.path, "new", `el-${shard}.died`))).toBe(true);
    const whole = await replayInProcess({ datadir: join(folder.path, "whole"), ...part });
    expect(lasting(run.report)).toEqual(lasting(whole.report));
  });

  test("one that does not start ends the run; what it printed is kept", async () => {
    const run = await replayWith(
      `'${process.execPath}' -e 'console.log("no such thing {shard}"); process.exit(7)'`,
      one,
    );
    expect(run).toMatchObject({
      exitCode: 1,
      error: expect.stringMatching(/ended with exit code 7, 6 times in a row/),
    });
    expect(readFileSync(join(folder.path, "new", "logs", "el-1.log"), "utf8")).toContain("no such thing 1");
  });

  test("a program that is not there is not tried again, and is named", async () => {
    for (const program of ["/no/such/program", "no-such-program-on-the-path"]) {
      const run = await replayWith(`${program} el`, one);
      expect(run).toMatchObject({
        exitCode: 1,
        error: expect.stringContaining(`exit code 127: ${program}, of --engine-cmd, cannot be run; name a program`),
      });
    }
  });
});

test("no two engines are given the same port", async () => {
  const ports = await freePorts(200);
  expect(new Set(ports).size).toBe(200);
});
