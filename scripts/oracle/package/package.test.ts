import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../replay/work/built-project.testkit.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const INSTALL = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
const FIXTURE = join(ROOT, "fixtures", "pyqkc-small");

let folder: ReturnType<typeof temporaryFolder>;
let home: string;
let packed: { readonly filename: string; readonly files: readonly { readonly path: string; readonly size: number }[] };

beforeAll(() => {
  folder = temporaryFolder();
  home = join(folder.path, "empty");
  mkdirSync(home);
  const { stdout, stderr, status } = spawnSync("npm", ["pack", "--json", "--pack-destination", folder.path], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  // What is built beforehand says its own lines.
  const answer = JSON.parse(stdout.slice(stdout.search(/^[[{]\n/m)));
  packed = Array.isArray(answer) ? answer[0] : Object.values(answer)[0];
});
afterAll(() => folder.remove());

/** In a folder that is no project of anybody's. */
function run(command: string, ...args: string[]) {
  return runIn(home, process.env.PATH ?? "", command, ...args);
}

function runIn(cwd: string, path: string, command: string, ...args: string[]) {
  return spawnSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, PATH: path, NO_COLOR: "1" } });
}

describe("npm pack", () => {
  it("has the program and nothing else", () => {
    const others = packed.files.map(({ path }) => path).filter((path) => !/^dist\/.+\.(js|css)$/.test(path));
    expect(others.sort()).toEqual(["LICENSE", "README.md", "dist/build.json", "package.json"]);
    expect(packed.files.filter(({ path }) => /test|\.map$/.test(path))).toEqual([]);
  });

  it("asks for a version of Node, and has no script that runs on installation", () => {
    const { scripts, engines, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    for (const name of ["preinstall", "install", "postinstall"]) expect(scripts).not.toHaveProperty(name);
    expect(engines.node).toBe(">=20.19");
    expect(packed.files.map(({ path }) => path)).toContain(bin.qkc);
  });

  it("installs into an empty folder without a compiler, a script or a warning", () => {
    const tarball = join(folder.path, packed.filename);
    const { stdout, stderr, status } = run("npm", ...INSTALL, tarball);
    expect(status, stderr).toBe(0);
    expect(`${stdout}${stderr}`).not.toMatch(/warn|deprecated|EBADENGINE/i);
  });

  it("npx qkc says what it is, and checks a database", () => {
    const version = run("npx", "--no-install", "qkc", "--version");
    expect(version.stdout).toMatch(
      /^\d+\.\d+\.\d+ \(commit [0-9a-f]{12}(, with changes)?\)\nnode v.+, secp256k1 native\n$/,
    );
    const check = run("npx", "--no-install", "qkc", "checkdb", "--db", FIXTURE, "--report", "out", "--json");
    expect(check.status, check.stderr).toBe(0);
    expect(JSON.parse(check.stdout)).toMatchObject({ verdict: "clean", totals: { minorBlocks: 239 } });
    expect(check.stderr).not.toMatch(/warning/i);
    const page = run("npx", "--no-install", "qkc", "report", "html", "out");
    expect(page.status, page.stderr).toBe(0);
    const unknown = run("npx", "--no-install", "qkc", "chekdb");
    expect(unknown).toMatchObject({ status: 1, stderr: expect.stringContaining("Did you mean checkdb?") });
  });

  it.each([20, 22, 24])("does the same on Node %i", (major) => {
    const node = join(folder.path, `node-${major}`);
    const other = join(folder.path, `empty-${major}`);
    for (const path of [node, other]) mkdirSync(path);
    // A package that is nothing but Node's own program.
    const fetched = runIn(node, process.env.PATH ?? "", "npm", ...INSTALL, `node-linux-${process.arch}@${major}`);
    expect(fetched.status, fetched.stderr).toBe(0);
    const path = `${join(node, `node_modules/node-linux-${process.arch}/bin`)}:${process.env.PATH}`;
    const installed = runIn(other, path, "npm", ...INSTALL, join(folder.path, packed.filename));
    expect(installed.status, installed.stderr).toBe(0);
    expect(`${installed.stdout}${installed.stderr}`).not.toMatch(/warn|deprecated|EBADENGINE/i);
    expect(runIn(other, path, "npx", "--no-install", "qkc", "--version").stdout).toContain(`\nnode v${major}.`);
    const check = runIn(other, path, "npx", "--no-install", "qkc", "checkdb", "--db", FIXTURE, "--report", "out");
    expect(check.stdout).toMatch(/^clean: 239 minor blocks/);
    expect(check.stderr).not.toMatch(/warning/i);
  });
});
