import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FIXTURE, FixtureChain, withMeta } from "../checkdb/twin-chain.testkit.ts";
import { type Ended, startQkc } from "../checkdb/twin-command.testkit.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../work/built-project.testkit.ts";

let project: BuiltProject;
let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  project = buildProject();
});

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const CLEAN = fileURLToPath(new URL(`../../${FIXTURE}`, import.meta.url));

function qkc(...args: string[]): Promise<Ended> {
  return startQkc(project, folder.path, args).ended;
}

function reportOf(name: string): string {
  const { timing: _, ...rest } = JSON.parse(readFileSync(join(folder.path, name, "report.json"), "utf8"));
  return JSON.stringify(rest, null, 2);
}

/** All files of a run but its report, checkpoint and record, by name. */
function filesOf(name: string): Record<string, string> {
  const root = join(folder.path, name);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  const own = paths.filter((path) => !/^(report|part)\.json$|^checkpoint\//.test(path)).sort();
  return Object.fromEntries(own.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

async function checkInParts(db: string, count: number, args: readonly string[]): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `parts-${count}/${i + 1}`);
  for (const [i, name] of names.entries()) {
    const part = ["--part", `${i + 1}/${count}`, "--report", name, "--quiet"];
    const { code, stderr } = await qkc("checkdb", "--db", db, ...part, ...args);
    expect([0, 2, 4], stderr).toContain(code);
  }
  return names;
}

async function jobsOf(db: string, args: readonly string[]): Promise<number> {
  const { stdout, code } = await qkc("plan", "--db", db, "--jobs", "1000", "--json", ...args);
  expect(code).toBe(0);
  return JSON.parse(stdout).jobs.length;
}

/** @param countsOf how many parts to try, by how many there can be */
async function expectEqualReports(
  db: string,
  options: readonly string[],
  exitCode: number,
  countsOf: (most: number) => readonly number[],
): Promise<void> {
  const args = [...options, "--workers", "1"];
  expect((await qkc("checkdb", "--db", db, "--report", "whole", "--quiet", ...args)).code).toBe(exitCode);
  const most = await jobsOf(
    db,
    options.filter((option) => option === "--unconfirmed"),
  );
  expect(most).toBeGreaterThan(1);
  for (const count of countsOf(most)) {
    await checkInParts(db, count, args);
    const merged = await qkc("report", "merge", `parts-${count}`, "--db", db, "--report", `merged-${count}`, "--json");
    expect(merged.code, merged.stderr).toBe(exitCode);
    expect(reportOf(`merged-${count}`)).toBe(reportOf("whole"));
    expect(filesOf(`merged-${count}`)).toEqual(filesOf("whole"));
    expect(merged.stdout).toBe(readFileSync(join(folder.path, `merged-${count}`, "report.json"), "utf8"));
  }
}

describe("qkc checkdb --part, qkc report merge", () => {
  it("a clean database in any number of parts: the report of one run", async () => {
    await expectEqualReports(CLEAN, ["--unconfirmed", "--check-archive"], 0, (most) => [1, most + 2]);
  });

  it("a database with two diverging blocks and their reproducers", async () => {
    const chain = new FixtureChain();
    const twin = chain.forge({
      minor: {
        ...{ fullShardId: 1, height: 9 },
        change: (block) => withMeta(block, { gasUsed: block.meta.gasUsed + 1n }),
      },
    });
    chain.close();
    try {
      await expectEqualReports(twin.dir, [], 2, () => [2]);
      expect(Object.keys(filesOf("whole"))).not.toEqual([]);
    } finally {
      twin.remove();
    }
  });

  it("says what is missing, double or of another run, and exits with 1", async () => {
    const most = await jobsOf(CLEAN, []);
    const parts = await checkInParts(CLEAN, most, ["--workers", "1"]);
    const gap = await qkc("report", "merge", ...parts.slice(1));
    expect(gap).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("are in none of them") });
    const [half] = await checkInParts(CLEAN, 2, ["--workers", "1"]);
    const overlap = await qkc("report", "merge", ...parts, half);
    expect(overlap).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/root blocks .* are in parts-.* and in parts-/),
    });
    await qkc("checkdb", "--db", CLEAN, "--verify-pow", "--part", "1/2", "--report", "other", "--quiet");
    const stranger = await qkc("report", "merge", "other", ...parts);
    expect(stranger.code).toBe(1);
    cpSync(join(folder.path, parts[0]), join(folder.path, "unfinished"), { recursive: true });
    rmSync(join(folder.path, "unfinished", "part.json"));
    const unfinished = await qkc("report", "merge", "unfinished", ...parts.slice(1));
    expect(unfinished).toMatchObject({ code: 1, stderr: expect.stringContaining("--resume goes on with it") });
    expect((await qkc("report", "merge", "nowhere")).stderr).toContain("there is no folder nowhere");
    const onto = await qkc("report", "merge", ...parts, "--report", parts[0]);
    expect(onto).toMatchObject({ code: 1, stderr: expect.stringContaining("choose another folder with --report") });
    expect(existsSync(join(folder.path, "reports"))).toBe(false);
  });

  it("refuses another database than the parts'", async () => {
    const parts = await checkInParts(CLEAN, 1, ["--workers", "1"]);
    const chain = new FixtureChain();
    const forged = chain.forge({
      minor: { fullShardId: 1, height: 9, change: (block) => withMeta(block, { gasUsed: block.meta.gasUsed + 1n }) },
    });
    chain.close();
    const merged = await qkc("report", "merge", ...parts, "--db", forged.dir);
    forged.remove();
    expect(merged).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is not the run's database: its root tip"),
    });
  });

  it("refuses a part that there is not", async () => {
    // One for each root block.
    const beyond = await qkc("checkdb", "--db", CLEAN, "--part", "1/19");
    expect(beyond).toMatchObject({ code: 1, stderr: expect.stringContaining("1 to 18 parts") });
    expect((await qkc("checkdb", "--db", CLEAN, "--part", "3/2")).stderr).toContain("There is no part 3 of 2.");
    expect((await qkc("checkdb", "--db", CLEAN, "--part", "3")).stderr).toContain("such as 2/8");
    expect((await qkc("checkdb", "--db", CLEAN, "--part", "1/2", "--fail-fast")).stderr).toContain(
      "cannot be used with",
    );
  });
});
