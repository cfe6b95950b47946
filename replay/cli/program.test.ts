import { CommanderError } from "commander";
import { describe, expect, it, vi } from "vitest";
import type { CheckdbRequest } from "../work/checkdb-request.ts";
import { createProgram, withCommand } from "./program.ts";

const asked = vi.hoisted(() => ({ genesis: undefined as unknown, look: undefined as unknown }));
const look = async (parsed: unknown) => {
  asked.look = parsed;
  return 0;
};
vi.mock("../genesis/run-genesis.ts", () => ({
  runGenesis: (parsed: unknown) => {
    asked.genesis = parsed;
    return 0;
  },
}));
vi.mock("../doctor/run-doctor.ts", () => ({ runDoctor: look }));
vi.mock("../inspect/run-inspect.ts", () => ({ runInspect: look }));
vi.mock("../verify-state/run-verify-state.ts", () => ({ runVerifyState: look }));

interface Parsed {
  readonly request?: CheckdbRequest;
  readonly genesis?: unknown;
  readonly look?: unknown;
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function parse(...args: readonly string[]): Promise<Parsed> {
  let request: CheckdbRequest | undefined;
  asked.genesis = undefined;
  asked.look = undefined;
  let out = "";
  let err = "";
  const program = createProgram("1.2.3", {
    run: async (command) => void (await command()),
    checkdb: async (parsed) => {
      request = parsed;
      return 0;
    },
    coordinate: async () => 0,
    work: async () => 0,
  });
  const output = {
    writeOut: (text: string) => {
      out += text;
    },
    writeErr: (text: string) => {
      err += text;
    },
  };
  program.configureOutput(output);
  for (const command of program.commands) command.configureOutput(output);
  try {
    await program.parseAsync(withCommand(args), { from: "user" });
    return { request, ...asked, exitCode: 0, out, err };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exitCode: error.exitCode, out, err };
  }
}

const DEFAULTS = {
  db: "d",
  configPath: undefined,
  span: { kind: "heights", from: undefined, to: undefined },
  since: undefined,
  part: undefined,
  shards: undefined,
  batch: undefined,
  unconfirmed: false,
  reportFolder: undefined,
  json: false,
  resume: "no",
  maxDivergences: null,
  verifyPow: false,
  checkArchive: false,
  verifyChecksums: "default",
  rootTip: undefined,
  stallSeconds: 60,
  quiet: false,
  metrics: undefined,
};

describe("qkc checkdb", () => {
  it("has defaults", async () => {
    const { request } = await parse("checkdb", "--db", "d");
    expect(request).toMatchObject(DEFAULTS);
    expect(request?.workers).toBeGreaterThanOrEqual(1);
  });

  const HASH = "0123456789abcdef".repeat(4);
  const understood: ReadonlyArray<readonly [readonly string[], Partial<CheckdbRequest>]> = [
    [["--db=d"], {}],
    [["--config", "c.json"], { configPath: "c.json" }],
    [["--from", "5", "--to", "0x10"], { span: { kind: "heights", from: 5, to: 16 } }],
    [["--from=0X5"], { span: { kind: "heights", from: 5, to: undefined } }],
    [["--last", "100000"], { span: { kind: "last", count: 100_000 } }],
    [["--shard", "65538", "--shard", "0x1", "--shard", "0x10002"], { shards: [1, 65_538] }],
    [["--workers", "3"], { workers: 3 }],
    [
      ["--unconfirmed", "--json", "--resume", "--quiet"],
      { unconfirmed: true, json: true, resume: "required", quiet: true },
    ],
    [["--resume=auto"], { resume: "auto" }],
    [["--report", "out"], { reportFolder: "out" }],
    [["--max-divergences", "7"], { maxDivergences: 7 }],
    [["--fail-fast"], { maxDivergences: 1 }],
    [["--verify-pow", "--check-archive"], { verifyPow: true, checkArchive: true }],
    [["--verify-checksums", "all"], { verifyChecksums: "all" }],
    [["--root-tip", `0x${HASH.toUpperCase()}`], { rootTip: HASH }],
    [["--root-tip", HASH], { rootTip: HASH }],
    [["--stall-timeout", "5"], { stallSeconds: 5 }],
    [["--check_db"], {}],
    [["--check_db=True"], {}],
    [["--check_db", "true", "--check_db_rblock_to", "9"], { span: { kind: "downwards", from: -1, to: 9 } }],
    [["--check_db_rblock_from=-1"], { span: { kind: "downwards", from: -1, to: 0 } }],
    [["--check_db_rblock_from", "-1"], { span: { kind: "downwards", from: -1, to: 0 } }],
    [["--check_db_rblock_from=200", "--check_db_rblock_to=100"], { span: { kind: "downwards", from: 200, to: 100 } }],
    [["--cluster_config=c.json"], { configPath: "c.json" }],
    [["--check_db_rblock_batch=100"], { batch: 100, span: { kind: "heights", from: undefined, to: undefined } }],
  ];
  it.each(understood)("understands %j", async (args, expected) => {
    const { request } = await parse("checkdb", "--db", "d", ...args);
    const workers = expected.workers ?? request?.workers;
    expect(request).toEqual({ ...DEFAULTS, workers, ...expected });
  });

  it("understands the old command without a name", async () => {
    const { request } = await parse("--check_db=True", "--check_db_rblock_from", "5", "--db", "d");
    expect(request?.span).toEqual({ kind: "downwards", from: 5, to: 0 });
    expect((await parse("--db", "d", "--check_db")).request?.db).toBe("d");
  });

  const refused: ReadonlyArray<readonly [readonly string[], string]> = [
    [["--from", "0"], "argument '0' is invalid. Expected 1 or more."],
    [["--from", "-1"], "Expected a whole number"],
    [["--from", "1.5"], "Expected a whole number"],
    [["--from", "1e3"], "Expected a whole number"],
    [["--from", "0x"], "Expected a whole number"],
    [["--from", ""], "Expected a whole number"],
    [["--to", "ten"], "'--to <height>' argument 'ten' is invalid"],
    [["--to", "4294967296"], "The largest possible value is 4294967295."],
    [["--to", "99999999999999999999"], "The largest possible value is 4294967295."],
    [["--last", "0"], "Expected 1 or more."],
    [["--last", "5", "--from", "1"], "option '--last <count>' cannot be used with option '--from <height>'"],
    [["--to", "9", "--last", "5"], "cannot be used with option '--to <height>'"],
    [["--shard", "x"], "Expected a whole number"],
    [["--shard", "0"], "Expected 1 or more."],
    [["--workers", "0"], "Expected 1 or more."],
    [["--workers", "513"], "The largest possible value is 512."],
    [["--max-divergences", "0"], "Expected 1 or more."],
    [["--fail-fast", "--max-divergences", "2"], "cannot be used with option '--max-divergences <count>'"],
    [["--verify-checksums", "some"], "Allowed choices are default, all."],
    [["--resume=never"], "Allowed choices are auto."],
    [["--root-tip", "abc"], "Expected a hash: 64 hex digits."],
    [["--check_db_rblock_from=5", "--from=1"], "cannot be used with option '--from <height>'"],
    [["--check_db_rblock_to=5", "--last=1"], "cannot be used with option '--last <count>'"],
    [["--check_db_rblock_batch=0"], "Expected 1 or more."],
    [["--check_db_rblock_from=x"], "Expected a whole number"],
    [["--shards", "1"], "(Did you mean --shard?)"],
    [["--worker", "1"], "(Did you mean --workers?)"],
    [["--check_db_rblock_form=1"], "(Did you mean --check_db_rblock_from?)"],
    [["extra"], "too many arguments"],
    [["--from"], "argument missing"],
  ];
  it.each(refused)("refuses %j", async (args, message) => {
    const { request, exitCode, out, err } = await parse("checkdb", "--db", "d", ...args);
    expect(request).toBeUndefined();
    expect(err).toContain(message);
    expect(err).toContain("--help");
    expect(out).toBe("");
    expect(exitCode).toBe(1);
  });

  it("needs a database", async () => {
    await expect(parse("checkdb")).rejects.toThrow("no database is named: give its folder with --db");
  });

  it("--help has examples and exit codes, on stdout", async () => {
    const { exitCode, out, err } = await parse("checkdb", "--help");
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toContain("Examples:");
    expect(out).toMatch(/Exit codes:\n {4}0 {2}clean/);
    expect(out).toContain("130  interrupted");
    expect(out).toContain("--check_db_rblock_batch");
  });
});

describe("qkc genesis", () => {
  it("wants a configuration and may answer in JSON", async () => {
    expect((await parse("genesis", "--config", "c.json")).genesis).toEqual({ configPath: "c.json", json: false });
    expect((await parse("genesis", "--json", "--config=c.json")).genesis).toEqual({ configPath: "c.json", json: true });
    expect((await parse("genesis")).err).toContain("required option '--config <file>' not specified");
  });
});

describe("qkc doctor, inspect, verify-state", () => {
  it("understand their command lines", async () => {
    const doctor = { db: "d", configPath: undefined, deep: false, json: false };
    expect((await parse("doctor", "--db", "d")).look).toEqual(doctor);
    const all = await parse("doctor", "--db", "d", "--deep", "--json", "--config=c");
    expect(all.look).toEqual({ db: "d", configPath: "c", deep: true, json: true });
    expect((await parse("inspect", "storage", "a", "0x1", "--db", "d", "--at", "1:5")).look).toEqual({
      ...{ db: "d", configPath: undefined, subject: "storage", references: ["a", "0x1"], at: "1:5" },
      ...{ withCode: false, tokens: [], json: false, raw: false },
    });
    expect((await parse("verify-state", "--db=d", "--shard=0x1", "--height=0", "--workers=2")).look).toEqual({
      ...{ db: "d", configPath: undefined, fullShardId: 1, height: 0, workers: 2, json: false },
    });
  });

  it("refuse what they do not understand", async () => {
    expect((await parse("doctor")).err).toContain("required option '--db <dir>' not specified");
    expect((await parse("inspect", "uncle", "1", "--db", "d")).err).toContain("Allowed choices are root, minor, tx");
    await expect(parse("inspect", "root", "1", "2", "--db", "d")).rejects.toThrow("takes 1 arguments, got 2");
    await expect(parse("inspect", "key", "root", "--db", "d")).rejects.toThrow("takes 2 arguments, got 1");
    expect((await parse("verify-state", "--db", "d")).err).toContain("'--shard <id>' not specified");
  });
});

describe("qkc", () => {
  it("prints its version and help", async () => {
    expect(await parse("--version")).toMatchObject({ exitCode: 0, out: "1.2.3\n", err: "" });
    expect(await parse("-V")).toMatchObject({ exitCode: 0, out: "1.2.3\n", err: "" });
    for (const args of [["--help"], ["-h"], ["help"]]) {
      expect(await parse(...args)).toMatchObject({ exitCode: 0, out: expect.stringContaining("checkdb"), err: "" });
    }
    for (const args of [
      ["checkdb", "-h"],
      ["help", "checkdb"],
    ]) {
      expect(await parse(...args)).toMatchObject({
        exitCode: 0,
        out: expect.stringContaining("--check-archive"),
        err: "",
      });
    }
  });

  it("without a command shows what there is and fails", async () => {
    const { exitCode, err } = await parse();
    expect(exitCode).toBe(1);
    expect(err).toContain("checkdb");
  });

  it("suggests the command that was meant", async () => {
    expect((await parse("chekdb", "--db", "d")).err).toContain("(Did you mean checkdb?)");
  });
});
