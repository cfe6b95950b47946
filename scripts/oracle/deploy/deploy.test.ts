import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../../..");

const hasRuntime = spawnSync("docker", ["info"], { stdio: "ignore" }).status === 0;
const hasCompose = spawnSync("docker", ["compose", "version"], { stdio: "ignore" }).status === 0;
if (!hasRuntime) console.warn("deploy: containers skipped, there is no container runtime (docker info fails)");

describe.skipIf(!hasRuntime)("the image", () => {
  it("is built, runs as another user than root, and checks a database that it may only read", () => {
    execFileSync("docker", ["build", "-q", "-t", "qkc-replay-test", ROOT], { stdio: "inherit" });
    const run = (...args: string[]) => execFileSync("docker", ["run", "--rm", ...args], { encoding: "utf8" });
    expect(run("--entrypoint", "id", "qkc-replay-test", "-u").trim()).not.toBe("0");
    const reports = mkdtempSync(join(tmpdir(), "qkc-reports-"));
    try {
      const mounts = ["-v", `${join(ROOT, "fixtures/pyqkc-small")}:/data:ro`, "-v", `${reports}:/reports`];
      const report = ["--db", "/data", "--report", "/reports/run", "--quiet"];
      expect(run("--user", `${process.getuid?.()}`, ...mounts, "qkc-replay-test", "checkdb", ...report)).toMatch(
        /^clean: 239/,
      );
    } finally {
      rmSync(reports, { recursive: true });
    }
  });

  it.skipIf(!hasCompose)("compose.yaml is understood", () => {
    const env = { ...process.env, QKC_DATABASE: "/data" };
    execFileSync("docker", ["compose", "-f", join(ROOT, "deploy/compose.yaml"), "config", "-q"], {
      env,
      stdio: "inherit",
    });
  });
});
