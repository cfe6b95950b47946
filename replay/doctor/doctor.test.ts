import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  GOQKC_CONFIG,
  GoquarkchainDirectory,
  OWN_BLOCKS_CONFIG,
  OwnBlocksDirectory,
} from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { openPyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import {
  heightKey,
  PREFIX,
  prefixedKey,
  ROOT_COMMITTING_KEY,
  ROOT_TIP_KEY,
} from "../../node/archive/pyquarkchain/keys.ts";
import { EMPTY_BYTES, type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { databaseDigest, exported, SMALL, SMALL_SHARDS } from "../database/small-fixture.testkit.ts";
import { visitTrie } from "../database/visit-trie.ts";
import { colorsFor } from "../text/colors.ts";
import type { FindingCode, Verdict } from "./diagnosis.ts";
import { type DoctorRequest, type Examination, examineDatabase } from "./doctor.ts";
import { doctorJson, doctorText } from "./doctor-answer.ts";
import { heightsToLookAt, runsOf } from "./heights.ts";

const before = databaseDigest(SMALL);
const small = openPyquarkchainDatabase(SMALL);
afterAll(() => {
  small.close();
  expect(databaseDigest(SMALL)).toBe(before);
});

function examined(db: string, options: Partial<DoctorRequest> = {}): Promise<Examination> {
  return examineDatabase({ db, configPath: undefined, deep: false, trialSeconds: 0, ...options });
}

function summary({ verdict, findings }: Examination) {
  return { verdict, codes: findings.map(({ code, fullShardId }) => `${code} ${fullShardId ?? "root"}`) };
}

describe("a whole database", () => {
  test("is fit, and everything about it is said", async () => {
    const examination = await examined(SMALL, { trialSeconds: 0.2 });
    expect(summary(examination)).toEqual({ verdict: "fit", codes: [] });
    const { root, shards, stores, config, trial, advice } = examination;
    expect(root).toMatchObject({ tipHeight: 18, tipIsGuessed: false, blocksLookedAt: 19 });
    expect(config?.matches).toBe(true);
    expect(
      shards.map(({ fullShardId, tip, confirmed, states, history }) => ({
        ...{ fullShardId, tip: tip?.height, hash: toHex(tip!.hash), confirmed: confirmed?.height, states, history },
      })),
    ).toEqual(
      SMALL_SHARDS.map((id) => {
        const blocks = exported<Record<string, unknown>>("blocks").filter(
          (block) => block.branch === id && block.canonical,
        );
        const last = blocks.reduce((a, b) => (Number(b.height) > Number(a.height) ? b : a));
        const confirmed = Math.max(...blocks.filter((block) => block.confirmed).map(({ height }) => Number(height)));
        const states = [{ from: 0, to: last.height, has: true }];
        return { fullShardId: id, tip: last.height, hash: last.hash, confirmed, states, history: true };
      }),
    );
    expect(stores).toHaveLength(5);
    expect(stores[0]).toMatchObject({ format: "RocksDB", tables: 1, formatVersions: ["6"], compressions: ["Snappy"] });
    expect(trial!.minorBlocks).toBeGreaterThan(0);
    expect(advice.command).toBe(`qkc checkdb --db ${SMALL}`);
    const json = JSON.parse(JSON.stringify(doctorJson(examination)));
    expect(json).toMatchObject({ schema: "qkc-doctor/1", verdict: "fit", history: true, findings: [] });
    const text = doctorText(examination, colorsFor(false, {}));
    expect(text).toMatch(/^fit: [\s\S]*root tip +18 +5563[\s\S]*0\.\.53[\s\S]*next: +qkc checkdb[\s\S]*takes: about/);
  });

  test("is fit also when every block is looked at, or few are", async () => {
    expect(summary(await examined(SMALL, { deep: true }))).toEqual({ verdict: "fit", codes: [] });
    expect(summary(await examined(SMALL, { samples: 8 }))).toEqual({ verdict: "fit", codes: [] });
  });
});

const shard1 = "shard-1.db";
const master = "master.db";
const minorHash = (height: number): Hash32 => small.shard(1).canonicalHashAt(height)!;
const rootHash = (height: number): Hash32 => small.rootArchive()!.canonicalHashAt(height)!;
const minorKey = (height: number) => prefixedKey(PREFIX.minorBlock, minorHash(height));
const rootKey = (height: number) => prefixedKey(PREFIX.rootBlock, rootHash(height));
const meta = (height: number) => small.shard(1).minorBlock(minorHash(height)).meta;
const minorIndex = (height: number) => heightKey(PREFIX.minorHeightIndex, height);
const rootIndex = (height: number) => heightKey(PREFIX.rootHeightIndex, height);

/** The row with one bit changed, `at` from its start or, if negative, its end. */
function flipped(row: Uint8Array, at: number): Uint8Array {
  const bytes = row.slice();
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  return bytes;
}

const shardRow = (key: Uint8Array) => small.shard(1).rows.get(key)!;
const rootRow = (key: Uint8Array) => small.rootArchive()!.rows.get(key)!;

function sideBlock(name: "blocks" | "roots"): { readonly height: number; readonly hash: Hash32 } {
  const rows = exported<{ branch?: number; height: number; hash: string; canonical: boolean }>(name);
  const { height, hash } = rows.find(({ canonical, branch }) => !canonical && (branch ?? 1) === 1)!;
  return { height, hash: hashFromHex(hash) };
}

/** Nodes of the state after a block, one nibble below its root. */
function nodesBelowRoot(height: number): Hash32[] {
  const found: Hash32[] = [];
  visitTrie(small.shard(1).rows, meta(height).stateRoot, "", {
    skip: (hash, path) => {
      if (path.length === 1) found.push(hash);
      return path.length > 0;
    },
    node: () => {},
    leaf: () => {},
    fault: () => {},
  });
  return found;
}

function stateNode(): Hash32 {
  return nodesBelowRoot(53)[0];
}

/** A node that the first block of a tried root block replaces: its execution reads it, and no earlier one has made it. */
function replacedNode(): Hash32 {
  const { minorHeaders } = small.rootBlocks().rootBlock(rootHash(9));
  const { height } = minorHeaders.find(({ branch }) => branch === 1)!;
  const [older, newer] = [nodesBelowRoot(height - 1), nodesBelowRoot(height).map(toHex)];
  return older.find((hash) => !newer.includes(toHex(hash)))!;
}

function fileOf(twin: DatabaseTwin, folder: string, ending: RegExp): string {
  return join(twin.dir, folder, readdirSync(join(twin.dir, folder)).find((name) => ending.test(name))!);
}

function changeConfig(twin: DatabaseTwin, change: (text: string) => string): void {
  const file = join(twin.dir, "cluster_config.json");
  const text = readFileSync(file, "utf8");
  expect(change(text)).not.toBe(text);
  writeFileSync(file, change(text));
}

interface Variant {
  readonly name: string;
  readonly change: (twin: DatabaseTwin) => void;
  readonly verdict: Verdict;
  readonly code: FindingCode;
  /** Null for the root chain. */
  readonly shard?: number | null;
  readonly options?: Partial<DoctorRequest>;
  /** Part of the command that is advised. */
  readonly command?: string;
}

const damagedRows: readonly Variant[] = [
  {
    name: "a minor block is missing",
    change: (t) => t.delete(shard1, minorKey(8)),
    verdict: "damaged",
    code: "MINOR_BLOCK",
  },
  {
    name: "a genesis block is missing",
    change: (t) => t.delete(shard1, minorKey(0)),
    verdict: "damaged",
    code: "STORE_UNREADABLE",
  },
  {
    name: "the newest block is missing",
    change: (t) => t.delete(shard1, minorKey(53)),
    verdict: "damaged",
    code: "MINOR_BLOCK",
  },
  {
    name: "a minor header is altered",
    change: (t) => t.put(shard1, minorKey(7), flipped(shardRow(minorKey(7)), 10)),
    verdict: "damaged",
    code: "MINOR_BLOCK",
  },
  {
    name: "a minor body is altered",
    change: (t) => t.put(shard1, minorKey(14), flipped(shardRow(minorKey(14)), -40)),
    verdict: "damaged",
    code: "MINOR_BLOCK",
  },
  {
    name: "a minor block is cut off",
    change: (t) => t.put(shard1, minorKey(9), shardRow(minorKey(9)).subarray(0, 100)),
    verdict: "damaged",
    code: "MINOR_BLOCK",
  },
  {
    name: "the height index has a gap",
    change: (t) => t.delete(shard1, minorIndex(20)),
    verdict: "damaged",
    code: "MINOR_INDEX",
  },
  {
    name: "the height index ends early",
    change: (t) => t.delete(shard1, minorIndex(53)),
    verdict: "damaged",
    code: "MINOR_INDEX",
  },
  {
    name: "the height index names another height",
    change: (t) => t.put(shard1, minorIndex(10), minorHash(11)),
    verdict: "damaged",
    code: "MINOR_INDEX",
  },
  {
    name: "the height index holds two bytes",
    change: (t) => t.put(shard1, minorIndex(10), Uint8Array.of(1, 2)),
    verdict: "damaged",
    code: "MINOR_INDEX",
  },
  {
    name: "the height index names a side block",
    change: (t) => t.put(shard1, minorIndex(sideBlock("blocks").height), sideBlock("blocks").hash),
    verdict: "damaged",
    code: "CONFIRMED_BLOCK",
  },
  {
    name: "a side block breaks the links",
    change: (t) => t.put(shard1, minorIndex(sideBlock("blocks").height), sideBlock("blocks").hash),
    verdict: "damaged",
    code: "MINOR_LINK",
  },
  {
    name: "a state root is missing",
    change: (t) => t.delete(shard1, meta(30).stateRoot),
    verdict: "damaged",
    code: "STATE_MISSING",
  },
  {
    name: "the newest state is missing",
    change: (t) => t.delete(shard1, meta(53).stateRoot),
    verdict: "damaged",
    code: "STATE_MISSING",
  },
  {
    name: "many states are missing, which this client never prunes",
    change: (t) => {
      for (let i = 10; i < 40; i++) t.delete(shard1, meta(i).stateRoot);
    },
    verdict: "damaged",
    code: "STATE_MISSING",
  },
  {
    name: "a node of the newest state is missing",
    change: (t) => t.delete(shard1, stateNode()),
    verdict: "damaged",
    code: "STATE_NODE",
  },
  {
    name: "a node of the newest state is altered",
    change: (t) => t.put(shard1, stateNode(), flipped(shardRow(stateNode()), -3)),
    verdict: "damaged",
    code: "STATE_NODE",
  },
  {
    name: "receipts are missing",
    change: (t) => t.delete(shard1, meta(14).receiptRoot),
    verdict: "damaged",
    code: "RECEIPTS",
  },
  {
    name: "a deposit list is missing",
    change: (t) => t.delete("shard-65538.db", prefixedKey(PREFIX.receivedDeposits, minorHash(14))),
    verdict: "damaged",
    code: "DEPOSITS",
    shard: 65538,
  },
  {
    name: "a deposit list is no list",
    change: (t) => t.put("shard-65538.db", prefixedKey(PREFIX.receivedDeposits, minorHash(14)), EMPTY_BYTES),
    verdict: "damaged",
    code: "DEPOSITS",
    shard: 65538,
  },
  {
    name: "a shard lacks its copy of a root block",
    change: (t) => t.delete(shard1, rootKey(5)),
    verdict: "damaged",
    code: "ROOT_COPY",
  },
  {
    name: "a root block is missing",
    change: (t) => t.delete(master, rootKey(5)),
    verdict: "damaged",
    code: "ROOT_BLOCK",
    shard: null,
  },
  {
    name: "a root header is altered",
    change: (t) => t.put(master, rootKey(6), flipped(rootRow(rootKey(6)), 20)),
    verdict: "damaged",
    code: "ROOT_BLOCK",
    shard: null,
  },
  {
    name: "a minor header in a root block is altered",
    change: (t) => t.put(master, rootKey(6), flipped(rootRow(rootKey(6)), -100)),
    verdict: "damaged",
    code: "ROOT_BLOCK",
    shard: null,
  },
  {
    name: "the root height index has a gap",
    change: (t) => t.delete(master, rootIndex(7)),
    verdict: "damaged",
    code: "ROOT_INDEX",
    shard: null,
  },
  {
    name: "the root height index names another height",
    change: (t) => t.put(master, rootIndex(7), rootHash(8)),
    verdict: "damaged",
    code: "ROOT_INDEX",
    shard: null,
  },
  {
    name: "the root height index names a fork",
    change: (t) => t.put(master, rootIndex(sideBlock("roots").height), sideBlock("roots").hash),
    verdict: "damaged",
    code: "ROOT_LINK",
    shard: null,
  },
  {
    name: "the root tip is missing",
    change: (t) => t.delete(master, ROOT_TIP_KEY),
    verdict: "damaged",
    code: "ROOT_TIP",
    shard: null,
  },
  {
    name: "the root tip is not there",
    change: (t) => t.put(master, ROOT_TIP_KEY, minorHash(3)),
    verdict: "damaged",
    code: "ROOT_TIP",
    shard: null,
  },
  {
    name: "the root tip is no hash",
    change: (t) => t.put(master, ROOT_TIP_KEY, Uint8Array.of(1)),
    verdict: "damaged",
    code: "ROOT_TIP",
    shard: null,
  },
  {
    name: "a check would meet a missing node",
    change: (t) => t.delete(shard1, replacedNode()),
    verdict: "damaged",
    code: "TRIAL_DAMAGE",
    options: { trialSeconds: 3 },
  },
  {
    name: "between samples, found only by a deep look",
    change: (t) => t.delete(shard1, meta(29).receiptRoot),
    verdict: "damaged",
    code: "RECEIPTS",
    options: { deep: true, samples: 4 },
  },
];

const damagedFiles: readonly Variant[] = [
  {
    name: "exchanged shard folders",
    change: (t) => {
      renameSync(join(t.dir, shard1), join(t.dir, "x"));
      renameSync(join(t.dir, "shard-65538.db"), join(t.dir, shard1));
      renameSync(join(t.dir, "x"), join(t.dir, "shard-65538.db"));
    },
    verdict: "damaged",
    code: "STORE_UNREADABLE",
  },
  {
    name: "a torn MANIFEST",
    change: (t) => truncateSync(fileOf(t, shard1, /^MANIFEST/), 60),
    verdict: "damaged",
    code: "STORE_UNREADABLE",
  },
  {
    name: "no CURRENT",
    change: (t) => rmSync(join(t.dir, shard1, "CURRENT")),
    verdict: "damaged",
    code: "STORE_UNREADABLE",
  },
  {
    name: "a missing table",
    change: (t) => rmSync(fileOf(t, shard1, /\.sst$/)),
    verdict: "damaged",
    code: "STORE_UNREADABLE",
  },
  {
    name: "a missing table of the root chain",
    change: (t) => rmSync(fileOf(t, master, /\.sst$/)),
    verdict: "damaged",
    code: "STORE_UNREADABLE",
    shard: null,
  },
  {
    name: "a table that is cut off",
    change: (t) => truncateSync(fileOf(t, shard1, /\.sst$/), 1000),
    verdict: "damaged",
    code: "STORE_UNREADABLE",
  },
  {
    name: "a log with a torn end",
    change: (t) => appendFileSync(fileOf(t, shard1, /\.log$/), Buffer.alloc(40, 7)),
    verdict: "limited",
    code: "LOG_TORN",
  },
];

const limited: readonly Variant[] = [
  {
    name: "without the root chain's database",
    change: (t) => rmSync(join(t.dir, master), { recursive: true }),
    verdict: "limited",
    code: "NO_ROOT_DATABASE",
    shard: null,
    command: "--root-tip ",
  },
  {
    name: "without one of the shards",
    change: (t) => rmSync(join(t.dir, "shard-65539.db"), { recursive: true }),
    verdict: "limited",
    code: "SHARD_NOT_HERE",
    shard: 65539,
    command: "--shard 1 --shard 65538 --shard 131073",
  },
  {
    name: "without a configuration",
    change: (t) => rmSync(join(t.dir, "cluster_config.json")),
    verdict: "limited",
    code: "NO_CONFIG",
    shard: null,
  },
  {
    name: "with a configuration that is none",
    change: (t) => writeFileSync(join(t.dir, "cluster_config.json"), "{}"),
    verdict: "limited",
    code: "OTHER_CONFIG",
    shard: null,
  },
  {
    name: "with another network's configuration",
    change: (t) => changeConfig(t, (text) => text.replace(/"TIMESTAMP": (\d+)/, '"TIMESTAMP": 77')),
    verdict: "limited",
    code: "OTHER_CONFIG",
    shard: null,
  },
  {
    name: "where the client stopped while it committed",
    change: (t) => t.put(master, ROOT_COMMITTING_KEY, rootHash(18)),
    verdict: "fit",
    code: "ROOT_COMMITTING",
    shard: null,
  },
];

describe.each([
  ["rows", damagedRows],
  ["files", damagedFiles],
  ["limits", limited],
] as const)("a database that is not as it should be: %s", (_kind, variants) => {
  test.each(variants)("$name: $verdict, $code", async ({ change, verdict, code, shard = 1, options, command }) => {
    const twin = new DatabaseTwin(SMALL);
    try {
      change(twin);
      twin.write();
      const digest = databaseDigest(twin.dir);
      const examination = await examined(twin.dir, options);
      const { codes } = summary(examination);
      expect(codes).toContain(`${code} ${shard ?? "root"}`);
      expect(examination.verdict).toBe(verdict);
      if (command !== undefined) expect(examination.advice.command).toContain(command);
      expect(doctorText(examination, colorsFor(false, {}))).toContain(code);
      expect(databaseDigest(twin.dir)).toBe(digest);
    } finally {
      twin.remove();
    }
  });
});

test("what lies between samples stays unseen without --deep", async () => {
  const twin = new DatabaseTwin(SMALL).delete(shard1, meta(29).receiptRoot).write();
  expect((await examined(twin.dir, { samples: 4 })).verdict).toBe("fit");
  twin.remove();
});

describe("a goquarkchain database", () => {
  let archive: GoquarkchainDirectory;
  let pruned: GoquarkchainDirectory;
  beforeAll(() => {
    archive = new GoquarkchainDirectory({ archive: true });
    pruned = new GoquarkchainDirectory();
  });
  afterAll(() => {
    archive.remove();
    pruned.remove();
  });

  test("with all states of a shard", async () => {
    const { kind, shards, stores, findings } = await examined(archive.dir, { configPath: GOQKC_CONFIG });
    expect(kind).toBe("goquarkchain");
    expect(stores.every(({ format }) => format === "LevelDB")).toBe(true);
    expect(shards.find(({ fullShardId }) => fullShardId === 1)!.states).toEqual([{ from: 0, to: 300, has: true }]);
    expect(findings.filter(({ severity }) => severity === "damage")).toEqual([]);
  });

  test("that is pruned says which states are there", async () => {
    const examination = await examined(pruned.dir, { configPath: GOQKC_CONFIG });
    expect(examination.verdict).toBe("limited");
    expect(summary(examination).codes).toEqual(["STATE_PRUNED 1", "STATE_PRUNED 65537"]);
    expect(examination.shards[0].states.filter(({ has }) => has)).toEqual([
      { from: 0, to: 0, has: true },
      { from: 45, to: 45, has: true },
      { from: 299, to: 300, has: true },
    ]);
  });
});

describe("a database of blocks that do not execute to what they declare", () => {
  const own = new OwnBlocksDirectory("leveldb");
  afterAll(() => own.remove());

  test("is told so by the trial, and what is lost in it", async () => {
    const { findings, verdict } = await examined(own.dir, { configPath: OWN_BLOCKS_CONFIG, trialSeconds: 0.001 });
    const told = findings.filter(({ code }) => code.startsWith("TRIAL"));
    expect(told.map(({ severity, code, fullShardId, heights }) => [severity, code, fullShardId, heights])).toEqual([
      ["damage", "TRIAL_DAMAGE", 1, [6]],
      ["limit", "TRIAL_DIVERGENCE", 1, [1, 3, 4]],
      ["limit", "TRIAL_DIVERGENCE", 65537, [1, 3]],
    ]);
    expect(told[1].message).toMatch(/^the block does not re-execute to what it declares \(EXECUTION_INVALID\)/);
    expect(verdict).toBe("damaged");
  });
});

test("heights that are looked at", () => {
  expect(heightsToLookAt(-1, 16)).toEqual([]);
  expect(heightsToLookAt(3, 16)).toEqual([0, 1, 2, 3]);
  expect(heightsToLookAt(3, "all")).toEqual([0, 1, 2, 3]);
  const some = heightsToLookAt(1_000_000, 64);
  expect(some.length).toBeLessThan(80);
  expect([some[0], some[1], some[some.length - 2], some[some.length - 1]]).toEqual([0, 1, 999_999, 1_000_000]);
});

test("runs are found by bisection", () => {
  let asked = 0;
  const has = (height: number) => {
    asked++;
    return height >= 123_457 && height < 900_000;
  };
  expect(runsOf([0, 250_000, 500_000, 750_000, 1_000_000], has)).toEqual([
    { from: 0, to: 123_456, has: false },
    { from: 123_457, to: 899_999, has: true },
    { from: 900_000, to: 1_000_000, has: false },
  ]);
  expect(asked).toBeLessThan(60);
  expect(runsOf([], has)).toEqual([]);
});
