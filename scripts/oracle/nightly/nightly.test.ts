import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FIXTURE, FixtureChain, withMeta } from "../../../replay/checkdb/twin-chain.testkit.ts";
import { reportWithoutTiming } from "../../../replay/checkdb/twin-command.testkit.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../../../replay/work/built-project.testkit.ts";

const SCRIPT = resolve(import.meta.dirname, "../../nightly.sh");
const CLEAN = resolve(FIXTURE);

let project: BuiltProject;
let folder: ReturnType<typeof temporaryFolder>;
let main: string;
const chain = new FixtureChain();
const twin = chain.forge({
  minor: {
    ...{ fullShardId: 1, height: 9 },
    change: (block) => withMeta(block, { gasUsed: block.meta.gasUsed + 1n }),
  },
});
let server: Server | undefined;

beforeAll(() => {
  project = buildProject();
  main = fileURLToPath(project.file("replay/cli/main.ts"));
  folder = temporaryFolder();
});
afterAll(() => {
  server?.close();
  chain.close();
  twin.remove();
  folder.remove();
});

interface Night {
  readonly code: number | null;
  readonly stderr: string;
}

/** @param qkc command that stands for `qkc` */
async function nightly(
  args: readonly string[],
  qkc = `node ${main}`,
  env: Record<string, string> = {},
): Promise<Night> {
  const child = spawn(SCRIPT, args, {
    cwd: folder.path,
    env: { PATH: process.env.PATH, QKC: qkc, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  return { code, stderr };
}

function night(db: string, ...more: readonly string[]): Promise<Night> {
  return nightly(["run", "--work", "nights", "--db", db, "--jobs", "2", "--last", "100000", ...more]);
}

/** Folder of the newest night's report. */
function lastReport(): string {
  return join(folder.path, readFileSync(join(folder.path, "nights", "last-daily"), "utf8").trim());
}

/** Serves an archive of the clean database, cutting the first connection in its middle. */
async function serveArchive(): Promise<string> {
  execFileSync("tar", ["-czf", join(folder.path, "db.tar.gz"), "-C", dirname(CLEAN), basename(CLEAN)]);
  const bytes = readFileSync(join(folder.path, "db.tar.gz"));
  let isFirst = true;
  server = createServer((request, response) => {
    if (request.url === "/VERSION") return void response.end("db.tar.gz\n");
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.setHeader("etag", '"one"');
    response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from });
    const half = bytes.length >> 1;
    if (isFirst) response.write(bytes.subarray(from, half), () => setTimeout(() => response.destroy(), 50));
    else response.end(bytes.subarray(from));
    isFirst = false;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/VERSION`;
}

describe("scripts/nightly.sh", () => {
  it("a first night: the snapshot unpacked over a connection that breaks, every block clean", async () => {
    const snapshot = await serveArchive();
    const { code, stderr } = await nightly([
      "run",
      "--work",
      "nights",
      "--snapshot",
      snapshot,
      "--jobs",
      "2",
      "--last",
      "100000",
    ]);
    expect(stderr).toContain("going on from there");
    expect(code, stderr).toBe(0);
    expect(existsSync(join(folder.path, "nights", "database", "master.db"))).toBe(true);
    expect(reportWithoutTiming(lastReport())).toMatchObject({ verdict: "clean", totals: { minorBlocks: 239 } });
    for (const file of ["report.html", "junit.xml", "comparison.md"])
      expect(existsSync(join(lastReport(), file))).toBe(true);
  });

  const notify = ["--notify", 'cp "$QKC_COMPARISON" told.md; echo "$QKC_EXIT" >> told'];
  const told = () => (existsSync(join(folder.path, "told")) ? readFileSync(join(folder.path, "told"), "utf8") : "");

  it("a night with a seeded divergence fails, and people are told", async () => {
    const summary = join(folder.path, "summary.md");
    const args = ["run", "--work", "nights", "--db", twin.dir, "--jobs", "2", "--last", "100000", ...notify];
    const { code, stderr } = await nightly(args, undefined, { GITHUB_STEP_SUMMARY: summary });
    expect(code, stderr).toBe(2);
    expect(told()).toBe("2\n");
    expect(readFileSync(join(folder.path, "told.md"), "utf8")).toContain("### New divergences");
    expect(readFileSync(summary, "utf8")).toContain("shard 0x1 block 9");
  });

  it("the same divergence the night after is known: nothing fails, nobody is told", async () => {
    const { code, stderr } = await night(twin.dir, ...notify);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/nothing new; [1-9]\d* known, 0 gone/);
    expect(told()).toBe("2\n");
  });

  it("a night in which a worker dies comes to the same report", async () => {
    const before = reportWithoutTiming(lastReport());
    const wrapper = join(folder.path, "qkc-that-dies-once");
    writeFileSync(
      wrapper,
      `#!/usr/bin/env bash
case "$*" in
  *"--part 2/"*)
    if [ ! -e died ]; then
      node ${main} "$@" & child=$!
      # Once it has begun: its checkpoint is there.
      until compgen -G "nights/parts/02/checkpoint/*.log" >/dev/null; do sleep 0.05; done
      kill -9 $child; wait $child; status=$?; echo "$status" > died; exit "$status"
    fi ;;
esac
exec node ${main} "$@"
`,
    );
    chmodSync(wrapper, 0o755);
    const args = ["run", "--work", "nights", "--db", twin.dir, "--jobs", "2", "--last", "100000"];
    const { code, stderr } = await nightly(args, wrapper);
    expect(readFileSync(join(folder.path, "died"), "utf8")).toBe("137\n");
    expect(stderr).toContain("part 2/2 ended with 137 (try 1 of 3)");
    expect(code, stderr).toBe(0);
    expect(reportWithoutTiming(lastReport())).toEqual(before);
  });

  it("a machine that fails every time leaves no verdict, and the next night starts where it was", async () => {
    const before = readFileSync(join(folder.path, "nights", "last-daily"), "utf8");
    const wrapper = join(folder.path, "qkc-without-memory");
    writeFileSync(wrapper, `#!/usr/bin/env bash\n[ "$1" = checkdb ] && exit 1\nexec node ${main} "$@"\n`);
    chmodSync(wrapper, 0o755);
    const args = ["run", "--work", "nights", "--db", twin.dir, "--jobs", "2", "--last", "100000", "--tries", "2"];
    const { code, stderr } = await nightly(args, wrapper);
    expect(stderr).toContain("part 1/2 ended with 1 (try 2 of 2)");
    expect(code).toBe(1);
    expect(readFileSync(join(folder.path, "nights", "last-daily"), "utf8")).toBe(before);
  });

  it("says what is wrong with its command line", async () => {
    expect(await nightly(["run"])).toMatchObject({ code: 1, stderr: expect.stringContaining("--work is missing") });
    expect(await nightly(["run", "--work", "n2"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--db or --snapshot"),
    });
    expect(await nightly(["run", "--wrok", "x"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--wrok is not understood"),
    });
    expect(await nightly(["run", "--work"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--work needs a value"),
    });
    expect((await nightly(["run", "--work", "n3", "--db", "nowhere"])).code).toBe(1);
  });
});
