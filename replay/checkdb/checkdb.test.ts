import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClassicLevel } from "classic-level";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Report, reportSchema } from "../report/schema.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../work/built-project.testkit.ts";
import {
  checkedRootHeights,
  EMPTY_SHARD,
  type FakeDatabase,
  writeFakeDatabase,
} from "../work/fake-database.testkit.ts";

const SHARDS = [1, 65538];
const TIP = 200;

let project: BuiltProject;
let folder: ReturnType<typeof temporaryFolder>;

beforeAll(() => {
  project = buildProject();
});
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Fulfilled when stderr holds the text. */
  sees(text: string): Promise<void>;
}

function database(settings: Partial<FakeDatabase> = {}, name = "db"): string {
  writeFakeDatabase(join(folder.path, name), { tipHeight: TIP, shards: SHARDS, ...settings });
  return name;
}

/** @param stdoutTo device that takes stdout; default: a pipe to this test */
function start(args: readonly string[], env: Record<string, string> = {}, stdoutTo?: string): Started {
  const main = fileURLToPath(project.file("replay/checkdb/fake-main.testkit.ts"));
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", stdoutTo === undefined ? "pipe" : openSync(stdoutTo, "w"), "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const sees = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => stderr.includes(text) && resolve();
      child.stderr?.on("data", look);
      look();
    });
  return { child, ended, sees };
}

function qkc(...args: string[]): Promise<Ended> {
  return start(args).ended;
}

async function untilChecked(name: string, rootBlocks: number): Promise<void> {
  while (checkedRootHeights(join(folder.path, name)).length < rootBlocks) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function report(path: string): Report {
  return reportSchema.parse(JSON.parse(readFileSync(join(folder.path, path, "report.json"), "utf8")));
}

function withoutTiming(text: string): string {
  const { timing: _, ...rest } = JSON.parse(text);
  return JSON.stringify(rest, null, 2);
}

describe("verdicts and exit codes", () => {
  it.each([
    ["clean", 0, {}],
    ["divergent", 2, { behaviours: { "1/9": "diverge" } }],
    ["unsupported", 3, { behaviours: { "1/9": "unsupported" } }],
    ["damaged", 4, { behaviours: { "1/9": "damage" } }],
    ["damaged", 4, { behaviours: { "1/9": "throw-damaged" } }],
    ["damaged", 4, { unusable: "damaged" }],
    ["unsupported", 3, { unusable: "unsupported" }],
    ["divergent", 2, { behaviours: { "1/9": "diverge", "1/8": "damage", "1/7": "unsupported" } }],
    ["damaged", 4, { behaviours: { "1/8": "damage", "1/7": "unsupported" } }],
    ["error", 1, { behaviours: { "1/9": "exit-thread" } }],
    ["error", 1, { behaviours: { "1/9": "throw" } }],
    ["error", 1, { forgets: 1 }],
  ] as const)("%s is exit code %i", async (verdict, code, settings) => {
    const ended = await qkc("checkdb", "--db", database(settings), "--report", "out");
    expect(ended.stdout).toMatch(new RegExp(`^${verdict}: `));
    expect(ended.code).toBe(code);
    expect(report("out").verdict).toBe(verdict);
  });

  it("--allow turns a known divergence into a note, and fails once there is none", async () => {
    const entry = { class: "unexplained/gasUsed", reason: "known", expires: "9999-12-31" };
    writeFileSync(join(folder.path, "allow.json"), JSON.stringify([entry]));
    const db = database({ behaviours: { "1/9": "diverge" } });
    const known = await qkc("checkdb", "--db", db, "--report", "out", "--allow", "allow.json", "--quiet");
    expect(known).toMatchObject({ code: 0, stdout: expect.stringContaining("1 allowed divergence") });
    expect(report("out").allowlist).toMatchObject([{ ...entry, count: 1, status: "matched" }]);
    const mended = await qkc("checkdb", "--db", database(), "--report", "out", "--allow", "allow.json", "--quiet");
    expect(mended).toMatchObject({ code: 2, stdout: expect.stringContaining("1 outdated allowlist line") });
    const missing = await qkc("checkdb", "--db", db, "--report", "out", "--allow", "none.json");
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("--allow none.json") });
  });

  it("prints a summary with the differing field and the next command", async () => {
    const { stdout } = await qkc("checkdb", "--db", database({ behaviours: { "65538/9": "diverge" } }), "--verify-pow");
    expect(stdout).toContain("shard 65538 (0x10002) block 27 (root block 9)");
    expect(stdout).toContain("- declared 21000");
    expect(stdout).toContain("+ computed 21001");
    expect(stdout).toMatch(/next: {3}qkc report html reports\/\S+-db\n/);
    expect(stdout).toMatch(/report: reports\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-db\/report\.json/);
  });

  it("--json prints the bytes of the report file and nothing else", async () => {
    const { stdout } = await qkc("checkdb", "--db", database(), "--json", "--report", "out");
    expect(stdout).toBe(readFileSync(join(folder.path, "out", "report.json"), "utf8"));
  });

  it("--quiet prints one line and no progress", async () => {
    const { stdout, stderr } = await qkc("checkdb", "--db", database(), "--quiet");
    expect(stdout).toBe("clean: 801 minor blocks and 200 root blocks of root blocks 1..200 checked; nothing differs\n");
    expect(stderr).toBe("");
  });

  it("honours NO_COLOR and FORCE_COLOR", async () => {
    const args = ["checkdb", "--db", database(), "--quiet"];
    const colour = "\u001b[";
    expect((await start(args, { FORCE_COLOR: "1" }).ended).stdout).toContain(colour);
    expect((await start(args, { FORCE_COLOR: "1", NO_COLOR: "1" }).ended).stdout).not.toContain(colour);
    expect((await start(args).ended).stdout).not.toContain(colour);
  });

  it("checks unconfirmed blocks on demand", async () => {
    const db = database({ behaviours: { "1/unconfirmed": "diverge" } });
    expect((await qkc("checkdb", "--db", db)).code).toBe(0);
    const { code, stdout } = await qkc("checkdb", "--db", db, "--unconfirmed");
    expect(code).toBe(2);
    expect(stdout).toContain("(unconfirmed)");
  });
});

describe("--since", () => {
  const night = (db: string, out: string, ...args: string[]) =>
    qkc("checkdb", "--db", db, "--report", out, "--quiet", ...args);

  it("goes on above what a clean run has checked, and says from which", async () => {
    expect((await night(database({ tipHeight: 150 }), "first")).code).toBe(0);
    const second = await night(database({}, "newer"), "second", "--since", "first");
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining("root blocks 151..200 checked") });
    const { since, range, totals } = report("second");
    expect(since).toMatchObject({
      rootFrom: 1,
      rootTo: 150,
      tipHeight: 150,
      startedAt: report("first").timing.startedAt,
    });
    expect([range?.rootFrom, totals.rootBlocks]).toEqual([151, 50]);
    const third = await night(
      database({ tipHeight: 230 }, "newest"),
      "third",
      "--since",
      "second/report.json",
      "--to",
      "220",
    );
    expect(third).toMatchObject({ code: 0, stdout: expect.stringContaining("root blocks 201..220 checked") });
    const fourth = await night("newest", "fourth", "--since", "third");
    expect(fourth.stdout).toContain("root blocks 221..230 checked");
  });

  const refused: ReadonlyArray<
    readonly [string, Partial<FakeDatabase>, Partial<FakeDatabase>, readonly string[], RegExp]
  > = [
    [
      "a chain that was reorganised below",
      {},
      { tipHeight: 210, forkedFrom: 200 },
      [],
      /root block 200 was 0{8}.* and is 0{7}9/,
    ],
    ["an older database", {}, { tipHeight: 150 }, [], /saw root block 200; this database ends at 150/],
    ["the same database", {}, {}, [], /there is nothing new to check/],
    [
      "a run that was not clean",
      { behaviours: { "1/9": "diverge" } },
      { tipHeight: 210 },
      [],
      /its verdict is divergent/,
    ],
    ["a run that checked less", {}, { tipHeight: 210 }, ["--verify-pow"], /made without --verify-pow/],
    ["another configuration", {}, { tipHeight: 210 }, ["--config", "other.json"], /another configuration/],
  ];
  it.each(refused)("refuses %s", async (_, before, now, args, message) => {
    await night(database(before), "first");
    const { code, stderr } = await night(database(now, "newer"), "second", "--since", "first", ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(existsSync(join(folder.path, "second"))).toBe(false);
  });

  it("what a reorganisation leaves as it was below an older tip is gone on with", async () => {
    await night(database({ tipHeight: 150 }), "first");
    const forked = await night(database({ forkedFrom: 180 }, "newer"), "second", "--since", "first");
    expect(forked.code).toBe(0);
  });
});

describe("what cannot be run", () => {
  const cases: ReadonlyArray<readonly [string, readonly string[], string]> = [
    ["no database", ["--db", "nowhere"], "nowhere holds no fake database"],
    ["a range above the tip", ["--db", "db", "--to", "201"], "root block 201 is above the tip of this database, 200"],
    ["a start above the tip", ["--db", "db", "--from", "0x1000"], "root block 4096 is above the tip"],
    ["an empty range", ["--db", "db", "--from", "9", "--to", "8"], "starts at root block 9 and ends at 8"],
    ["an empty old range", ["--db", "db", "--check_db_rblock_from=8", "--check_db_rblock_to=9"], "the range is empty"],
    ["an unknown shard", ["--db", "db", "--shard", "7"], "no shard 7 (0x7); it has 1 (0x1), 65538 (0x10002)"],
    ["unconfirmed blocks below the tip", ["--db", "db", "--to", "9", "--unconfirmed"], "the range must end there"],
    ["a report inside the database", ["--db", "db", "--report", "db/out"], "lies inside the database"],
    ["the database as report folder", ["--db", "db", "--report", "./db"], "lies inside the database"],
    ["reports/ inside the database", ["--db", "."], "lies inside the database"],
    ["nothing to resume", ["--db", "db", "--resume"], "no run of this plan is in reports/"],
    ["nothing to resume there", ["--db", "db", "--resume", "--report", "out"], "there is no checkpoint in out"],
  ];

  it.each(cases)("%s", async (_, args, message) => {
    const db = database();
    cpSync(join(folder.path, db, "fake.json"), join(folder.path, "fake.json"));
    const { code, stdout, stderr } = await qkc("checkdb", ...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(code).toBe(1);
    expect(existsSync(join(folder.path, "reports"))).toBe(false);
    expect(readdirSync(join(folder.path, db))).toEqual(["fake.json"]);
  });

  it("tells a script that there is no database", async () => {
    const { code, stdout } = await qkc("checkdb", "--db", "nowhere", "--json");
    expect(reportSchema.parse(JSON.parse(stdout))).toMatchObject({
      verdict: "error",
      error: { code: "NOT_A_DATABASE" },
      provenance: { database: null },
    });
    expect(code).toBe(1);
  });

  it("--verify-pow says at once that a chain has no seals", async () => {
    const { code, stderr } = await qkc("checkdb", "--db", database({ isPowDisabled: true }), "--verify-pow");
    expect(stderr).toMatch(/^error: .*DISABLE_POW_CHECK is true.*leave --verify-pow out\n$/);
    expect(code).toBe(1);
    expect(existsSync(join(folder.path, "reports"))).toBe(false);
  });

  it("a shard that the user names is not clean without a block", async () => {
    const db = database({ shards: [...SHARDS, EMPTY_SHARD] });
    expect((await qkc("checkdb", "--db", db)).code).toBe(0);
    const named = await qkc("checkdb", "--db", db, "--shard", "1", "--shard", `${EMPTY_SHARD}`);
    expect(named.stderr).toContain("root blocks 1..200 confirm no block of shard 16711681 (0xff0001)");
    expect(named.code).toBe(1);
  });

  it("a database with the genesis block only is not clean", async () => {
    const { code, stderr } = await qkc("checkdb", "--db", database({ tipHeight: 0 }));
    expect(code).toBe(1);
    expect(stderr).toContain("there is nothing to check");
  });
});

describe("what the system refuses", () => {
  it.each([
    ["reports/", [], "reports"],
    ["--report", ["--report", "file/out"], "file"],
  ])("says in a sentence that %s cannot be written", async (_, args, file) => {
    const db = database();
    writeFileSync(join(folder.path, file), "");
    const { code, stderr } = await qkc("checkdb", "--db", db, ...args);
    expect(stderr).toMatch(new RegExp(`^error: .*E[A-Z]+: .*'${file}.*'.*\n$`));
    expect(code).toBe(1);
  });

  it.each([
    ["divergent", 2, { behaviours: { "1/9": "diverge" } }],
    ["clean", 1, {}],
  ] as const)("a stdout that is full does not hide that the run is %s", async (verdict, expected, settings) => {
    const args = ["checkdb", "--db", database(settings), "--report", "out", "--quiet"];
    const { code, stderr } = await start(args, {}, "/dev/full").ended;
    expect(stderr).toMatch(
      new RegExp(`^${verdict}: .*\nreport: out/report.json\nerror: stdout takes no more \\(ENOSPC: .*\\)\n$`),
    );
    expect(code).toBe(expected);
    expect(report("out").verdict).toBe(verdict);
  });

  it("--help into a stdout that is full is no success", async () => {
    const { code, stderr } = await start(["--help"], {}, "/dev/full").ended;
    expect(stderr).toMatch(/^error: stdout takes no more \(ENOSPC/);
    expect(code).toBe(1);
  });

  it("a report that cannot be written is printed whole, and written by --resume once it can", async () => {
    const behaviours = { "1/9": "diverge", "1/20": "diverge", "1/30": "diverge", "1/40": "diverge" } as const;
    const db = database({ behaviours });
    mkdirSync(join(folder.path, "out", "report.json"), { recursive: true });
    const first = await qkc("checkdb", "--db", db, "--report", "out");
    expect(first.code).toBe(2);
    expect(first.stdout).toMatch(/^divergent: /);
    for (const root of [9, 20, 30, 40]) expect(first.stdout).toContain(`(root block ${root})`);
    expect(first.stdout).toContain("next:   qkc checkdb --db db --report out --resume\n");
    expect(first.stderr).toMatch(
      /error: the report could not be written to out: cannot write out\/report\.json: .*\(EISDIR\)/,
    );
    const lookedAt = checkedRootHeights(join(folder.path, db));
    rmSync(join(folder.path, "out", "report.json"), { recursive: true });
    const again = await qkc("checkdb", "--db", db, "--report", "out", "--resume", "--quiet");
    expect(again).toMatchObject({ code: 2, stderr: "" });
    expect(report("out").divergences).toHaveLength(4);
    expect(checkedRootHeights(join(folder.path, db))).toEqual(lookedAt);
  });

  it.each([
    ["--help", ["--help"], 0],
    ["--json", ["checkdb", "--db", "db", "--json"], 2],
  ])("a reader that closes the pipe before %s is printed is no error", async (_, args, expected) => {
    database({ behaviours: { "1/9": "diverge" } });
    const { child, ended } = start(args);
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: expected, stderr: "" });
  });
});

describe("old spellings", () => {
  it.each([
    [
      ["checkdb", "--check_db=True", "--check_db_rblock_from=50", "--check_db_rblock_to=40"],
      [40, 50],
    ],
    [
      ["--check_db", "True", "--check_db_rblock_from", "50", "--check_db_rblock_to", "40"],
      [40, 50],
    ],
    [
      ["checkdb", "--check_db_rblock_from=-1"],
      [1, TIP],
    ],
    [
      ["checkdb", "--check_db_rblock_from=99999", "--check_db_rblock_to=150"],
      [150, TIP],
    ],
    [
      ["checkdb", "--check_db_rblock_to=-5", "--check_db_rblock_from=3", "--check_db_rblock_batch=2"],
      [1, 3],
    ],
  ])("%j", async (args, [rootFrom, rootTo]) => {
    const { code } = await qkc(...args, "--db", database(), "--report", "out");
    expect(code).toBe(0);
    expect(report("out").range).toMatchObject({ rootFrom, rootTo });
  });

  it.each([
    ["goquarkchain", "-1", "-5", [TIP - 5, TIP]],
    ["goquarkchain", "50", "-5", [45, 50]],
    ["goquarkchain", "-1", "-200", [1, TIP]],
    ["goquarkchain", "-1", "-100000", [1, TIP]],
    ["pyquarkchain", "-1", "-5", [1, TIP]],
  ] as const)("as %s means it: from %s to %s", async (kind, from, to, [rootFrom, rootTo]) => {
    const args = ["--check_db", `--check_db_rblock_from=${from}`, `--check_db_rblock_to=${to}`];
    await qkc(...args, "--db", database({ kind }), "--report", "out");
    expect(report("out").range).toMatchObject({ rootFrom, rootTo });
  });

  it("--cluster_config is the configuration, and names the database", async () => {
    const path = join(folder.path, "cluster_config.json");
    writeFileSync(path, JSON.stringify({ DB_PATH_ROOT: database() }));
    const named = await qkc(
      "--check_db=True",
      "--check_db_rblock_batch=100",
      "--cluster_config",
      path,
      "--report",
      "out",
    );
    expect(named.code).toBe(0);
    expect(report("out").timing.databasePath).toBe("db");
    const other = await qkc("--check_db", "--cluster_config", path, "--db", database({}, "other"), "--report", "out");
    expect(other.code).toBe(0);
    expect(report("out").timing.databasePath).toBe("other");
    writeFileSync(path, JSON.stringify({ DB_PATH_ROOT: "" }));
    const none = await qkc("--check_db", "--cluster_config", path);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("DB_PATH_ROOT names no database") });
  });

  it("the batch is the size of a range", async () => {
    await qkc("checkdb", "--db", database(), "--report", "out", "--check_db_rblock_batch=100");
    expect(report("out").timing.ranges).toBe(2);
  });
});

describe("interruption", () => {
  /** Ranges so small that some are done when the signal comes. */
  const BATCH = ["--check_db_rblock_batch", "11"] as const;
  const SLOW = { blockMilliseconds: 3, behaviours: { "1/150": "diverge", "65538/9": "damage" } } as const;

  async function uninterrupted(): Promise<string> {
    const { stdout } = await qkc("checkdb", "--db", database({ ...SLOW, blockMilliseconds: 0 }, "fast"), "--json");
    return withoutTiming(stdout);
  }

  it.each(["SIGINT", "SIGTERM"] as const)(
    "%s leaves a checkpoint, --resume ends in the same report",
    async (signal) => {
      const db = database(SLOW);
      const first = start(["checkdb", ...BATCH, "--db", db, "--report", "out"]);
      await untilChecked(db, 60);
      first.child.kill(signal);
      const ended = await first.ended;
      expect(ended.code).toBe(130);
      expect(ended.stderr).toContain(`${signal}: stopping at the next block`);
      expect(ended.stdout).toMatch(/^interrupted: /);
      expect(ended.stdout).toMatch(/qkc checkdb .*--db db --report out --resume/);
      const partial = report("out");
      expect(partial.verdict).toBe("interrupted");
      expect(partial.totals.rootBlocks).toBeGreaterThan(0);
      expect(partial.totals.rootBlocks).toBeLessThan(TIP);

      const resumed = await qkc(
        "checkdb",
        ...BATCH,
        "--db",
        db,
        "--report",
        "out",
        "--resume",
        "--workers",
        "1",
        "--json",
      );
      expect(resumed.code).toBe(2);
      expect(withoutTiming(resumed.stdout)).toBe(await uninterrupted());
      expect(report("out").timing.resumedRanges).toBeGreaterThan(0);
    },
  );

  it("--resume finds the latest run of the same plan by itself", async () => {
    const db = database(SLOW);
    const first = start(["checkdb", ...BATCH, "--db", db]);
    await untilChecked(db, 60);
    first.child.kill("SIGINT");
    await first.ended;
    await qkc("checkdb", ...BATCH, "--db", db, "--to", "5");
    const resumed = await qkc("checkdb", ...BATCH, "--db", db, "--resume", "--json");
    expect(withoutTiming(resumed.stdout)).toBe(await uninterrupted());
  });

  it("kill -9 loses the ranges in flight at most", async () => {
    const db = database(SLOW);
    const first = start(["checkdb", ...BATCH, "--db", db, "--report", "out", "--workers", "2"]);
    await untilChecked(db, 80);
    first.child.kill("SIGKILL");
    expect((await first.ended).signal).toBe("SIGKILL");
    const before = checkedRootHeights(join(folder.path, db));
    const resumed = await qkc("checkdb", ...BATCH, "--db", db, "--report", "out", "--resume", "--json");
    expect(withoutTiming(resumed.stdout)).toBe(await uninterrupted());
    const after = checkedRootHeights(join(folder.path, db)).slice(before.length);
    // Two ranges of about eleven root blocks were in flight.
    expect(before.length + after.length - TIP).toBeLessThanOrEqual(24);
  });

  it("a second signal ends at once, even inside a block that does not end", async () => {
    const db = database({ behaviours: { "1/1": "hang" } });
    const run = start(["checkdb", "--db", db, "--report", "out", "--workers", "1"]);
    await untilChecked(db, 1);
    run.child.kill("SIGINT");
    await run.sees("once more to stop at once");
    run.child.kill("SIGINT");
    expect((await run.ended).code).toBe(130);
  });

  it("a finished run can be asked again and is replaced by a new one", async () => {
    const db = database();
    const first = await qkc("checkdb", "--db", db, "--report", "out", "--json");
    const again = await qkc("checkdb", "--db", db, "--report", "out", "--json", "--resume");
    expect(withoutTiming(again.stdout)).toBe(withoutTiming(first.stdout));
    expect(checkedRootHeights(join(folder.path, db))).toHaveLength(TIP);
    expect((await qkc("checkdb", "--db", db, "--report", "out")).code).toBe(0);
    expect(checkedRootHeights(join(folder.path, db))).toHaveLength(2 * TIP);
  });

  it("an unfinished run is neither overwritten nor continued by another plan", async () => {
    // So slow that another process starts meanwhile, on a machine that does other work too; and a range is done before it is stopped.
    const db = database({ ...SLOW, blockMilliseconds: 10 });
    const first = start(["checkdb", "--db", db, "--report", "out"]);
    await untilChecked(db, 60);
    const meanwhile = await qkc("checkdb", "--db", db, "--report", "out", "--resume");
    expect(meanwhile.stderr).toContain("another run is writing to out");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    first.child.kill("SIGINT");
    await first.ended;

    const fresh = await qkc("checkdb", "--db", db, "--report", "out");
    expect(fresh.code).toBe(1);
    expect(fresh.stderr).toContain("out holds an interrupted run");
    const config = await qkc("checkdb", "--db", db, "--report", "out", "--resume", "--config", "other.json");
    expect(config.stderr).toMatch(
      /belongs to another run:\n {2}config hash: checkpoint [0-9a-f]+, this run [0-9a-f]+\n$/,
    );
    const range = await qkc("checkdb", "--db", db, "--report", "out", "--resume", "--to", "20", "--verify-pow");
    expect(range.stderr).toContain("root blocks: checkpoint 1..200, this run 1..20");
    expect(range.stderr).toContain("verifyPow: checkpoint false, this run true");
    writeFakeDatabase(join(folder.path, db), { tipHeight: TIP + 1, shards: SHARDS, ...SLOW });
    const grown = await qkc("checkdb", "--db", db, "--report", "out", "--resume");
    expect(grown.stderr).toContain("root tip: checkpoint 200");
    expect(grown.code).toBe(1);
  });

  it("a run that a dead worker ended is continued like any other", async () => {
    const db = database({ behaviours: { "1/150": "exit-thread" } });
    const first = await qkc("checkdb", "--db", db, "--report", "out");
    expect(first.stdout).toMatch(/^error: root blocks \d+\.\.\d+ could not be checked/);
    expect(first.stdout).toContain("--resume");
    writeFakeDatabase(join(folder.path, db), { tipHeight: TIP, shards: SHARDS });
    expect((await qkc("checkdb", "--db", db, "--report", "out", "--resume")).code).toBe(0);
  });

  it("--resume=auto starts where there is nothing to continue, and continues where there is", async () => {
    const db = database(SLOW);
    const first = start(["checkdb", ...BATCH, "--db", db, "--resume=auto"]);
    await untilChecked(db, 60);
    first.child.kill("SIGINT");
    const { stdout } = await first.ended;
    expect(stdout).toMatch(/next: {3}qkc checkdb .*--db db --resume --report reports\/\S+\n/);
    const second = await qkc("checkdb", ...BATCH, "--db", db, "--resume=auto", "--json");
    expect(withoutTiming(second.stdout)).toBe(await uninterrupted());
    expect(JSON.parse(second.stdout).timing.resumedRanges).toBeGreaterThan(0);
  });

  it("--resume looks past runs that it cannot look at, and names them where nothing else is found", async () => {
    const db = database(SLOW);
    const first = start(["checkdb", ...BATCH, "--db", db]);
    await untilChecked(db, 60);
    first.child.kill("SIGINT");
    await first.ended;
    // Later names: a run in progress, one whose store is torn, one that was killed before it wrote its plan.
    const later = (name: string) => join(folder.path, "reports", `9999-${name}`, "checkpoint");
    for (const name of ["busy", "torn", "cut"]) mkdirSync(later(name), { recursive: true });
    const busy = new ClassicLevel(later("busy"));
    await busy.open();
    writeFileSync(join(later("torn"), "CURRENT"), "MANIFEST-000009");
    await new ClassicLevel(later("cut")).close();
    const resumed = await qkc("checkdb", ...BATCH, "--db", db, "--resume", "--json");
    expect(withoutTiming(resumed.stdout)).toBe(await uninterrupted());
    const other = await qkc("checkdb", ...BATCH, "--db", db, "--resume", "--to", "5");
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("no run of this plan is in reports/");
    expect(other.stderr).toContain("another run is writing to reports/9999-busy");
    expect(other.stderr).toContain("the checkpoint in reports/9999-torn cannot be read");
    expect(other.stderr).not.toContain("9999-cut");
    await busy.close();
  });

  it("a run that was killed before it wrote its plan is no run", async () => {
    const db = database();
    const cut = new ClassicLevel(join(folder.path, "out", "checkpoint"));
    await cut.close();
    const resumed = await qkc("checkdb", ...BATCH, "--db", db, "--report", "out", "--resume");
    expect(resumed.stderr).toBe("error: there is no checkpoint in out: start the run without --resume\n");
    expect((await qkc("checkdb", ...BATCH, "--db", db, "--report", "out")).code).toBe(0);
  });

  it("an unreadable checkpoint is named", async () => {
    const db = database();
    await qkc("checkdb", ...BATCH, "--db", db, "--report", "out");
    const store = join(folder.path, "out", "checkpoint");
    for (const name of readdirSync(store)) {
      if (name.startsWith("MANIFEST")) cpSync(join(folder.path, db, "fake.json"), join(store, name));
    }
    const { code, stderr } = await qkc("checkdb", ...BATCH, "--db", db, "--report", "out", "--resume");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /the checkpoint in out cannot be read \(Corruption.*\): mend that, or choose another --report/,
    );
  });
});

describe("progress", () => {
  it("names the block that does not end, once, and goes on", async () => {
    const db = database({ behaviours: { "65538/9": "stall-two-seconds" } });
    const { code, stderr } = await qkc("checkdb", "--db", db, "--report", "out", "--stall-timeout", "1");
    expect(stderr.match(/block 27 of shard 65538 \(0x10002\) has been running for 1 s and does not end/g)).toHaveLength(
      1,
    );
    expect(code).toBe(0);
    expect(report("out").timing.stalls).toMatchObject([{ fullShardId: 65538, height: 27 }]);
  });
});

describe("limits", () => {
  it("--fail-fast and --max-divergences cut the report", async () => {
    const behaviours = { "1/9": "diverge", "1/100": "diverge", "65538/120": "diverge" } as const;
    const db = database({ behaviours });
    const failFast = await qkc("checkdb", "--db", db, "--fail-fast", "--report", "one");
    expect(failFast.code).toBe(2);
    expect(failFast.stdout).toContain("stopped at the limit of 1 divergence");
    expect(report("one")).toMatchObject({
      stopped: { reason: "max-divergences", limit: 1, rootHeight: 9 },
      totals: { rootBlocks: 9 },
    });
    await qkc("checkdb", "--db", db, "--max-divergences", "2", "--report", "two");
    expect(report("two")).toMatchObject({ stopped: { rootHeight: 100 }, totals: { rootBlocks: 100 } });
    await qkc("checkdb", "--db", db, "--max-divergences", "9", "--report", "nine");
    expect(report("nine")).toMatchObject({ stopped: null, totals: { rootBlocks: TIP } });
  });

  it("two runs in the same second have folders of their own", async () => {
    const db = database();
    mkdirSync(join(folder.path, "reports"), { recursive: true });
    await Promise.all([1, 2, 3].map(() => qkc("checkdb", "--db", db, "--quiet")));
    expect(readdirSync(join(folder.path, "reports"))).toHaveLength(3);
  });
});
