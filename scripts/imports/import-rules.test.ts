/*
 * The import check is itself checked: in a tree of the house's folders every folder imports every other one, and exactly
 * what may not be is to be reported, by the rule that is meant. What is expected is written here and not read from the rules.
 */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const RULES = ".dependency-cruiser.json";
const CIRCLE_RULES = ".dependency-cruiser.cycles.json";

/** Lowest first: a room may import those before it, save what NOT_BELOW says. */
const ROOMS = [
  "measure",
  "codec",
  "chain",
  "archive",
  "wire",
  "net",
  "el",
  "engine",
  "cl",
  "execution-node",
  "shard",
  "sync",
  "miner",
  "slave",
] as const;

/** What stands lower and may not be imported all the same. */
const NOT_BELOW: readonly (readonly [rule: string, from: string, to: string])[] = [
  ...["el", "engine", "cl", "execution-node", "shard", "sync", "miner"].flatMap((from) => [
    ["net-is-handed-in", from, "net"] as const,
    ["net-is-handed-in", from, "wire"] as const,
  ]),
  ["sync-and-miner-apart", "miner", "sync"],
];

const LOW_FLOORS = ["text", "report", "work", "terminal", "database", "execution"];
const ALL_FLOORS = [...LOW_FLOORS, "cluster", "statetest", "triage", "engines", "reporters"];

/** What a floor may import. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(LOW_FLOORS.map((floor, i) => [floor, LOW_FLOORS.slice(0, i)])),
  cluster: ["text", "report", "work", "terminal"],
  statetest: ["text", "report", "execution"],
  triage: [...LOW_FLOORS, "statetest"],
  engines: [...LOW_FLOORS, "statetest", "triage"],
  reporters: ["text", "report", "terminal"],
};

/** Commands may import every floor, and no other command. */
const COMMANDS = [
  "checkdb",
  "replay",
  "whatif",
  "bisect",
  "diff",
  "trace",
  "reproduce",
  "export-database",
  "plan",
  "merge",
  "compare",
  "snapshot",
  "completion",
  "worker",
  "doctor",
  "inspect",
  "verify-state",
  "conformance",
  "el",
  "genesis",
  "slave",
];

const trees: string[] = [];

afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true });
});

it("knows every folder of the house", () => {
  expect(folders("node").filter((room) => !ROOMS.some((known) => known === room))).toEqual([]);
  const known = [...Object.keys(FLOORS), ...COMMANDS, "cli"];
  expect(folders("replay").filter((folder) => !known.includes(folder))).toEqual([]);
});

it("reports each import that goes up, by its rule, and no other", async () => {
  const inReplay = [...Object.keys(FLOORS), ...COMMANDS, "cli"];
  const tree = new Tree();
  for (const from of ROOMS) {
    for (const to of ROOMS) tree.add(`node/${from}/uses-${to}.ts`, `node/${to}/thing.ts`, ruleOfRooms(from, to));
    for (const to of inReplay)
      tree.add(`node/${from}/uses-replay-${to}.ts`, `replay/${to}/thing.ts`, "node-never-imports-replay");
  }
  for (const from of inReplay) {
    for (const to of inReplay) {
      const rule = ruleOfReplay(from, to);
      tree.add(`replay/${from}/uses-${to}.ts`, `replay/${to}/thing.ts`, rule);
    }
    // A test may look at what stands above.
    tree.add(`replay/${from}/uses-cli.test.ts`, "replay/cli/thing.ts", undefined);
    tree.add(`replay/${from}/uses-a-room.ts`, "node/slave/thing.ts", undefined);
  }
  for (const kind of ["test", "testkit"]) {
    tree.add(`node/el/uses-${kind}.ts`, `node/el/thing.${kind}.ts`, "no-tests-in-code");
    tree.add(`replay/text/uses-${kind}.ts`, `replay/text/thing.${kind}.ts`, "no-tests-in-code");
    tree.add(`node/el/uses-${kind}.test.ts`, `node/el/thing.${kind}.ts`, undefined);
    tree.add(`node/el/uses-${kind}.testkit.ts`, `node/el/thing.${kind}.ts`, undefined);
  }
  await tree.expectViolations(RULES, ["node", "replay"]);
});

it("reports circles of files and of folders, each by its rule", async () => {
  const tree = new Tree();
  tree.add("built/files/a.js", "built/files/b.js", "no-circular");
  // The same circle, which is named once.
  tree.add("built/files/b.js", "built/files/a.js", undefined);
  tree.add("built/one/a.js", "built/two/a.js", undefined);
  tree.add("built/two/b.js", "built/one/b.js", undefined);
  tree.expect("no-folder-circles", "built/one", "built/two");
  tree.expect("no-folder-circles", "built/two", "built/one");
  tree.add("built/above/a.js", "built/below/a.js", undefined);
  await tree.expectViolations(CIRCLE_RULES, ["built"]);
});

function ruleOfRooms(from: (typeof ROOMS)[number], to: (typeof ROOMS)[number]): string | undefined {
  const apart = NOT_BELOW.find(([, one, other]) => one === from && other === to);
  if (apart !== undefined) return apart[0];
  if (ROOMS.indexOf(to) <= ROOMS.indexOf(from)) return undefined;
  if (from === "sync" && to === "miner") return "sync-and-miner-apart";
  return from === "sync" || from === "miner" ? "node-sync-and-miner" : `node-${from}`;
}

function ruleOfReplay(from: string, to: string): string | undefined {
  if (from === to || from === "cli") return undefined;
  if (COMMANDS.includes(from)) return ALL_FLOORS.includes(to) ? undefined : "commands-apart";
  return FLOORS[from].includes(to) ? undefined : `replay-${from}`;
}

function folders(name: string): string[] {
  return readdirSync(resolve(PROJECT, name), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

/** A tree of files that import each other, and what is to be said of it. */
class Tree {
  readonly #root = mkdtempSync(join(tmpdir(), "import-rules-"));
  readonly #expected: string[] = [];

  constructor() {
    trees.push(this.#root);
    cpSync(resolve(PROJECT, "tsconfig.json"), join(this.#root, "tsconfig.json"));
  }

  /** A file that imports another one, which is made too where it is not there yet. */
  add(from: string, to: string, rule: string | undefined): void {
    const path = posix.relative(posix.dirname(from), to);
    if (!existsSync(join(this.#root, to))) this.#write(to, "export const thing = 1;\n");
    this.#write(from, `export { thing as other } from "${path.startsWith(".") ? path : `./${path}`}";\n`);
    if (rule !== undefined) this.expect(rule, from, to);
  }

  expect(rule: string, from: string, to: string): void {
    this.#expected.push(`${rule}: ${from} → ${to}`);
  }

  async expectViolations(config: string, entries: readonly string[]): Promise<void> {
    const found = await violations(this.#root, config, entries);
    expect(found).toEqual(this.#expected.toSorted());
    // A rule that nothing here breaks could be taken out unseen.
    const { forbidden } = JSON.parse(readFileSync(resolve(PROJECT, config), "utf8")) as {
      forbidden: { name: string }[];
    };
    const broken = new Set(found.map((line) => line.slice(0, line.indexOf(":"))));
    expect([...broken].sort()).toEqual(forbidden.map(({ name }) => name).sort());
  }

  #write(path: string, text: string): void {
    const file = join(this.#root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string; readonly severity: string };
}

async function violations(root: string, config: string, entries: readonly string[]): Promise<string[]> {
  const command = resolve(PROJECT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const args = [command, "--config", resolve(PROJECT, config), "--output-type", "json", ...entries];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 1 << 28 });
  const { summary } = JSON.parse(stdout) as { summary: { violations: Violation[] } };
  expect(summary.violations.filter(({ rule }) => rule.severity !== "error")).toEqual([]);
  return summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`).sort();
}
