import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { reportWithoutTiming } from "../../../replay/checkdb/twin-command.testkit.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../../../replay/work/built-project.testkit.ts";
import {
  checkedRootHeights,
  type FakeDatabase,
  writeFakeDatabase,
} from "../../../replay/work/fake-database.testkit.ts";

const SERVER = ["redis-server", "valkey-server"].find(
  (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).error === undefined,
);
if (SERVER === undefined) console.warn("cluster: skipped, there is no redis-server (apt-get install redis-server)");

const PASSWORD = "open sesame";
const SECRET = encodeURIComponent(PASSWORD);

let project: BuiltProject;
let folder: ReturnType<typeof temporaryFolder>;
let children: ChildProcess[] = [];
let port: number;

beforeAll(() => {
  project = buildProject();
});

beforeEach(async () => {
  folder = temporaryFolder();
  children = [];
  port = await freePort();
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(
    children.map((child) => (child.exitCode === null && child.signalCode === null ? once(child, "exit") : null)),
  );
  folder.remove();
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A server that keeps nothing: whatever it knew is gone when it ends. */
async function startRedis(...options: string[]): Promise<ChildProcess> {
  const args = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass", PASSWORD, ...options];
  if (!options.includes("--tls-port")) args.push("--port", `${port}`);
  const child = spawn(SERVER as string, args, { cwd: folder.path, stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let log = "";
  for await (const chunk of child.stdout) {
    log += chunk;
    if (log.includes("Ready to accept connections")) break;
  }
  child.stdout.resume();
  return child;
}

function database(name: string, settings: Partial<FakeDatabase> = {}): string {
  writeFakeDatabase(join(folder.path, name), { tipHeight: 900, shards: [1, 65538], blockMilliseconds: 3, ...settings });
  return name;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  sees(text: string): Promise<void>;
}

function qkc(args: readonly string[], url = `redis://:${SECRET}@127.0.0.1:${port}`): Started {
  const main = fileURLToPath(project.file("replay/checkdb/fake-main.testkit.ts"));
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, QKC_REDIS_URL: url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    text.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text.stderr += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...text }));
  const sees = async (wanted: string) => {
    while (!text.stderr.includes(wanted)) {
      if (child.exitCode !== null) throw new Error(`ended without "${wanted}":\n${text.stderr}`);
      await pause(50);
    }
  };
  return { child, ended, sees };
}

function worker(db: string, ...more: string[]): Started {
  return qkc(["worker", "--db", db, "--workers", "1", "--silence", "3", "--once", ...more]);
}

async function untilChecked(db: string, rootBlocks: number): Promise<void> {
  while (checkedRootHeights(join(folder.path, db)).length < rootBlocks) await pause(50);
}

describe.skipIf(SERVER === undefined)("qkc coordinator and its workers", () => {
  it("one killed, one with a wrong database, the server restarted empty: the report of one machine", async () => {
    const behaviours = { "1/300": "diverge", "65538/700": "damage" } as const;
    const db = database("db", { behaviours });
    const alone = await qkc(["checkdb", "--db", database("alone", { behaviours }), "--report", "alone.out", "--quiet"])
      .ended;
    expect(alone.code).toBe(2);

    const first = await startRedis();
    const coordinator = qkc(["coordinator", "--db", db, "--report", "out", "--quiet"]);
    const doomed = worker(database("doomed", { behaviours }));
    const stranger = worker(database("stranger", { forkedFrom: 5 }));
    const good = worker(db);

    expect(await stranger.ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not the run's database[\s\S]*root tip: run 900/),
    });
    await untilChecked("doomed", 20);
    doomed.child.kill("SIGKILL");
    await untilChecked("db", 100);
    first.kill("SIGKILL");
    await once(first, "exit");
    await pause(1500);
    await startRedis();

    const { code, stderr } = await coordinator.ended;
    expect(stderr).not.toContain(PASSWORD);
    expect(code, stderr).toBe(2);
    expect(reportWithoutTiming(join(folder.path, "out"))).toEqual(reportWithoutTiming(join(folder.path, "alone.out")));
    expect((await good.ended).code).toBe(0);
    const redis = new Redis({ port, host: "127.0.0.1", password: PASSWORD });
    const left = (await redis.keys("*")).filter((key) => !key.startsWith("qkc:run:"));
    redis.disconnect();
    expect(left).toEqual([]);
  });

  it("a divergence is an answer: no range of an undisturbed run is checked twice", async () => {
    await startRedis();
    const db = database("db", { tipHeight: 300, blockMilliseconds: 0, behaviours: { "1/30": "diverge" } });
    const second = database("second", { tipHeight: 300, blockMilliseconds: 0, behaviours: { "1/30": "diverge" } });
    const workers = [worker(db), worker(second)];
    const { code } = await qkc(["coordinator", "--db", db, "--report", "out", "--quiet"]).ended;
    expect(code).toBe(2);
    for (const { ended } of workers) expect((await ended).code).toBe(0);
    const heights = ["db", "second"].flatMap((name) => checkedRootHeights(join(folder.path, name)));
    expect(heights.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
  });

  it.each([
    ["throw-damaged", 4, 1],
    ["throw", 1, 1],
    ["exit-thread", 1, 5],
  ] as const)("%s ends the run with %i, after %i attempts", async (behaviour, exitCode, attempts) => {
    await startRedis();
    const settings = { tipHeight: 40, blockMilliseconds: 0, behaviours: { "1/7": behaviour } };
    const db = database("db", settings);
    const own = worker(db);
    const { code, stdout } = await qkc(["coordinator", "--db", db, "--report", "out", "--quiet"]).ended;
    expect(code, stdout).toBe(exitCode);
    expect(checkedRootHeights(join(folder.path, "db")).filter((height) => height === 7)).toHaveLength(attempts);
    expect((await own.ended).code).toBe(0);
  });

  it("an interrupted coordinator goes on with --resume, and a worker that is stopped gives back what it has", async () => {
    await startRedis();
    const db = database("db");
    const args = ["coordinator", "--db", db, "--report", "out", "--quiet"];
    const first = qkc(args);
    const early = worker(db);
    await untilChecked("db", 200);
    first.child.kill("SIGINT");
    expect((await first.ended).code).toBe(130);
    early.child.kill("SIGTERM");
    expect((await early.ended).code).toBe(130);
    const late = worker(db);
    const second = await qkc([...args, "--resume"]).ended;
    expect(second).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("900 root blocks of root blocks 1..900 checked"),
    });
    expect((await late.ended).code).toBe(0);
  });

  it("TLS and the password are honoured, and never shown", async () => {
    mkdirSync(join(folder.path, "tls"));
    const certificate = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"];
    execFileSync(
      "openssl",
      [...certificate, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
      { cwd: join(folder.path, "tls"), stdio: "ignore" },
    );
    const tls = [
      "--tls-cert-file",
      "tls/cert.pem",
      "--tls-key-file",
      "tls/key.pem",
      "--tls-ca-cert-file",
      "tls/cert.pem",
    ];
    await startRedis("--port", "0", "--tls-port", `${port}`, ...tls, "--tls-auth-clients", "no");
    const db = database("db", { tipHeight: 60, blockMilliseconds: 0 });
    const url = `rediss://:${SECRET}@127.0.0.1:${port}`;
    const args = ["coordinator", "--db", db, "--report", "out", "--quiet"];
    const refused = [
      await qkc(args, url).ended,
      await qkc([...args, "--redis-ca", "tls/cert.pem"], `rediss://:wrong@127.0.0.1:${port}`).ended,
      await qkc(args, `redis://:${SECRET}@127.0.0.1:${port}`).ended,
    ];
    for (const { code, stderr } of refused) {
      expect(code, stderr).toBe(1);
      expect(stderr).toContain("does not answer as Redis does");
      expect(stderr).not.toMatch(/sesame|wrong/);
    }
    const own = qkc(["worker", "--db", db, "--once", "--redis-ca", "tls/cert.pem"], url);
    expect((await qkc([...args, "--redis-ca", "tls/cert.pem"], url).ended).code).toBe(0);
    expect((await own.ended).code).toBe(0);
    expect(readFileSync(join(folder.path, "out", "report.json"), "utf8")).not.toContain("sesame");
  });

  it("says where no server is", async () => {
    const { code, stderr } = await qkc(["worker", "--db", database("db")]).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`redis://127.0.0.1:${port} does not answer as Redis does (connect ECONNREFUSED`);
    expect((await qkc(["worker", "--db", "db"], "http://x").ended).stderr).toContain(
      "--redis is no address of a Redis server",
    );
  });
});
