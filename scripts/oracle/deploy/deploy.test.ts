import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../replay/work/built-project.testkit.ts";
import { findContainerTool } from "./container-tool.ts";
import { writeStandIn } from "./stand-in-image.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const IMAGE = "localhost/qkc-replay-test";
const STAND_IN = "localhost/qkc-replay-test-node";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const DATABASE = `${join(ROOT, "fixtures/pyqkc-small")}:/data:ro`;

const tool = findContainerTool();
if (tool === undefined) console.warn("deploy: the image is skipped, neither docker nor buildah nor podman works here");

describe.skipIf(tool === undefined)("the image", () => {
  const { has, build, run, remove } = tool as NonNullable<typeof tool>;
  let folder: ReturnType<typeof temporaryFolder>;

  beforeAll(() => {
    folder = temporaryFolder();
    build(IMAGE, ROOT, { QKC_COMMIT: COMMIT, NODE_IMAGE: nodeImage() });
  });
  afterAll(() => {
    for (const image of [IMAGE, STAND_IN]) remove(image);
    folder.remove();
  });

  function nodeImage(): string {
    const [, named = ""] = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(join(ROOT, "Dockerfile"), "utf8")) ?? [];
    if (has(named)) return named;
    console.warn(`deploy: ${named} is not to be had here; this machine's own Node stands in`);
    writeStandIn(folder.path);
    build(STAND_IN, folder.path, {});
    return STAND_IN;
  }

  it("says which source it was made of", () => {
    expect(run(IMAGE, ["--version"])).toMatch(/^\d+\.\d+\.\d+ \(commit 0123456789ab\)\n/);
  });

  it("runs as another user than root", () => {
    expect(run(IMAGE, ["-u"], { entrypoint: "id" }).trim()).toBe("1000");
  });

  it("checks a database that it may only read, and leaves the report where it is told", () => {
    const user = `${process.getuid?.()}`;
    const args = ["checkdb", "--db", "/data", "--report", "/reports/run", "--quiet"];
    expect(run(IMAGE, args, { user, mounts: [DATABASE, `${folder.path}:/reports`] })).toMatch(/^clean: 239/);
    const report = JSON.parse(readFileSync(join(folder.path, "run/report.json"), "utf8"));
    expect(report).toMatchObject({ verdict: "clean", totals: { minorBlocks: 239 } });
  });

  it("cannot write to the database, not even as root", () => {
    const write = ["-c", "echo > /data/new || echo refused"];
    expect(run(IMAGE, write, { entrypoint: "sh", user: "0", mounts: [DATABASE] })).toBe("refused\n");
  });
});

describe("compose.yaml", () => {
  const compose = [["docker", "compose"], ["podman-compose"]].find(
    ([command = "", ...args]) => spawnSync(command, [...args, "version"], { stdio: "ignore" }).status === 0,
  );
  if (compose === undefined)
    console.warn("deploy: compose.yaml is skipped, there is neither docker compose nor podman-compose");

  it.skipIf(compose === undefined)("is understood, and hands on the commit", () => {
    const [command = "", ...args] = compose as string[];
    const { status, stdout, stderr } = spawnSync(
      command,
      [...args, "-f", join(ROOT, "deploy/compose.yaml"), "config"],
      {
        encoding: "utf8",
        env: { ...process.env, QKC_DATABASE: "/srv/mainnet", QKC_COMMIT: COMMIT },
      },
    );
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(new RegExp(`QKC_COMMIT(: |=)${COMMIT}`));
    expect(stdout).toContain("/srv/mainnet");
  });
});
