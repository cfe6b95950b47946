import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { PREFIX, prefixedKey } from "../../node/archive/pyquarkchain/keys.ts";
import { loadRecorded } from "../../node/archive/sstable/recorded-database.testkit.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../work/built-project.testkit.ts";
import { FIXTURE, FixtureChain, flipByte, flipped, MASTER, withMeta } from "./twin-chain.testkit.ts";
import { type CheckAnswer, type CheckOptions, checkInProcess } from "./twin-check.testkit.ts";
import { type Ended, startCheckdb } from "./twin-command.testkit.ts";

let chain: FixtureChain;
beforeAll(() => {
  chain = new FixtureChain();
});
afterAll(() => chain.close());

const TIP: CheckOptions = { last: 1 };
const TABLE = "000009.sst";
const MANIFEST = "MANIFEST-000005";
const LOG = "000008.log";

/** A MANIFEST whose comparator has escape sequences in its name, and lines of its own. */
const COMPARATOR_WITH_ESCAPES = [
  "8670dd0f4500010135781b5b324a1b5d303b7469746c65070a3a3a6572726f723a3a66616b65",
  "0a636c65616e3a20393939206d696e6f7220626c6f636b730200090003e80704808080808020",
].join("");

/** Checks a copy of the database after `edit` has had its way with the files. */
async function checkFiles(edit: (dir: string) => void, options: CheckOptions = TIP): Promise<CheckAnswer> {
  const twin = new DatabaseTwin(FIXTURE);
  try {
    edit(twin.dir);
    return await checkInProcess(twin.dir, options);
  } finally {
    twin.remove();
  }
}

function remove(...parts: string[]): void {
  rmSync(join(...parts), { recursive: true });
}

function exchange(dir: string, one: string, other: string): void {
  renameSync(join(dir, one), join(dir, "between"));
  renameSync(join(dir, other), join(dir, one));
  renameSync(join(dir, "between"), join(dir, other));
}

function empty(dir: string, folder: string): void {
  remove(dir, folder);
  mkdirSync(join(dir, folder));
}

type FileCase = readonly [name: string, edit: (dir: string) => void, sentence: RegExp];

function expectAnswer(answer: CheckAnswer, exitCode: number, sentence: RegExp): void {
  expect(answer.text).toMatch(sentence);
  expect(answer.exitCode).toBe(exitCode);
}

describe("damaged files", () => {
  const cases: readonly FileCase[] = [
    ["CURRENT gone", (dir) => remove(dir, "shard-1.db", "CURRENT"), /CURRENT is missing .*shard-1.db\/CURRENT/],
    ["CURRENT gone in master.db", (dir) => remove(dir, MASTER, "CURRENT"), /CURRENT is missing .*master.db\/CURRENT/],
    [
      "CURRENT with garbage",
      (dir) => writeFileSync(join(dir, "shard-1.db", "CURRENT"), "garbage"),
      /CURRENT does not name a MANIFEST .*shard-1.db\/CURRENT/,
    ],
    ["CURRENT empty", (dir) => truncateSync(join(dir, MASTER, "CURRENT")), /CURRENT does not name a MANIFEST/],
    [
      "CURRENT that names an absent MANIFEST",
      (dir) => writeFileSync(join(dir, "shard-1.db", "CURRENT"), "MANIFEST-000099\n"),
      /MANIFEST that CURRENT names is missing .*MANIFEST-000099/,
    ],
    [
      "MANIFEST gone",
      (dir) => remove(dir, "shard-1.db", MANIFEST),
      /MANIFEST that CURRENT names is missing .*MANIFEST-000005/,
    ],
    [
      "MANIFEST torn in the middle",
      (dir) => truncateSync(join(dir, "shard-1.db", MANIFEST), 100),
      /MANIFEST is torn: the record is cut off .*shard-1.db\/MANIFEST-000005, offset 92/,
    ],
    [
      "MANIFEST torn at its end",
      (dir) => truncateSync(join(dir, MASTER, MANIFEST), statSync(join(dir, MASTER, MANIFEST)).size - 1),
      /MANIFEST is torn: the record is cut off .*master.db/,
    ],
    ["MANIFEST empty", (dir) => truncateSync(join(dir, "shard-1.db", MANIFEST)), /MANIFEST .*shard-1.db/],
    [
      "MANIFEST with a flipped byte",
      (dir) => flipByte(join(dir, "shard-1.db", MANIFEST), 150),
      /MANIFEST is torn: checksum mismatch .*offset 116/,
    ],
    ["a table gone", (dir) => remove(dir, "shard-1.db", TABLE), /a live table is missing .*shard-1.db\/000009.sst/],
    ["the root chain's table gone", (dir) => remove(dir, MASTER, TABLE), /a live table is missing .*master.db/],
    [
      "a table empty",
      (dir) => truncateSync(join(dir, "shard-1.db", TABLE)),
      /has 0 bytes where the MANIFEST says 604183/,
    ],
    [
      "a table cut off",
      (dir) => truncateSync(join(dir, "shard-65538.db", TABLE), 400_000),
      /has 400000 bytes where the MANIFEST says 602202 .*shard-65538.db/,
    ],
    [
      "a table longer than it should be",
      (dir) => appendFileSync(join(dir, "shard-1.db", TABLE), "x"),
      /has 604184 bytes where the MANIFEST says 604183/,
    ],
    [
      "another table of the same size",
      (dir) => writeFileSync(join(dir, "shard-1.db", TABLE), Buffer.alloc(604183, 7)),
      /the table ends without its magic number .*shard-1.db\/000009.sst/,
    ],
    ["a table's last byte flipped", (dir) => flipByte(join(dir, "shard-1.db", TABLE), -1), /magic number/],
    [
      "a table's footer flipped",
      (dir) => flipByte(join(dir, "shard-1.db", TABLE), -20),
      /checksum mismatch in the table's footer .*shard-1.db\/000009.sst, offset 604130/,
    ],
  ];
  test.each(cases)("%s", async (_, edit, sentence) => {
    expectAnswer(await checkFiles(edit, {}), 4, sentence);
  });

  const flips: ReadonlyArray<readonly [folder: string, offset: number, exitCode: number]> = [
    ["shard-1.db", 777, 0],
    ["shard-1.db", 200_777, 4],
    ["shard-1.db", 240_777, 4],
    ["shard-1.db", 280_777, 0],
    ["shard-1.db", 320_777, 4],
    ["shard-1.db", 480_777, 0],
    ["shard-1.db", 600_777, 4],
    [MASTER, 10_777, 0],
    [MASTER, 55_777, 4],
    [MASTER, 75_777, 0],
    [MASTER, 80_777, 4],
  ];
  test.each(flips)("a byte flipped in %s at %i, where it is read or not: %i", async (folder, offset, exitCode) => {
    const answer = await checkFiles((dir) => flipByte(join(dir, folder, TABLE), offset));
    const named = new RegExp(`block checksum mismatch \\(file .*/${folder}/000009.sst, offset \\d+\\)`);
    expectAnswer(answer, exitCode, exitCode === 0 ? /nothing differs/ : named);
  });
});

describe("the write-ahead log", () => {
  const lie = () =>
    chain.forge({
      minor: {
        fullShardId: 1,
        height: 53,
        change: (block) => withMeta(block, { stateRoot: flipped(block.meta.stateRoot) }),
      },
    });

  test("torn: what was written before the tear counts", async () => {
    const twin = lie();
    for (const folder of [MASTER, "shard-1.db"]) {
      const log = join(twin.dir, folder, LOG);
      appendFileSync(log, readFileSync(log).subarray(0, 50));
    }
    const { exitCode, report } = await checkInProcess(twin.dir, TIP);
    expect(exitCode).toBe(2);
    expect(report?.divergences).toMatchObject([{ fullShardId: 1, height: 53 }]);
    twin.remove();
  });

  test.each([1, 100])("torn %i bytes before its end: the batch there was never written", async (bytes) => {
    const twin = lie();
    for (const folder of [MASTER, "shard-1.db", "shard-65538.db", "shard-65539.db", "shard-131073.db"]) {
      const log = join(twin.dir, folder, LOG);
      truncateSync(log, statSync(log).size - bytes);
    }
    expect((await checkInProcess(twin.dir, TIP)).exitCode).toBe(0);
    twin.remove();
  });

  test("torn in one database only: the others have what it lacks", async () => {
    const twin = lie();
    const log = join(twin.dir, "shard-1.db", LOG);
    truncateSync(log, statSync(log).size - 1);
    expectAnswer(await checkInProcess(twin.dir, TIP), 4, /missing row in shard-1.db: minor block/);
    twin.remove();
  });
});

describe("folders", () => {
  const cases: ReadonlyArray<readonly [name: string, exitCode: number, edit: (dir: string) => void, sentence: RegExp]> =
    [
      [
        "exchanged",
        4,
        (dir) => exchange(dir, "shard-1.db", "shard-65538.db"),
        /exchanged shard folders: shard-1.db holds the chain of shard 65538/,
      ],
      [
        "one copied over another",
        4,
        (dir) => {
          remove(dir, "shard-65539.db");
          cpSync(join(dir, "shard-1.db"), join(dir, "shard-65539.db"), { recursive: true });
        },
        /exchanged shard folders: shard-65539.db holds the chain of shard 1/,
      ],
      ["the root chain in a shard's place", 4, (dir) => exchange(dir, "shard-1.db", MASTER), /names no root tip/],
      [
        "a shard gone",
        4,
        (dir) => remove(dir, "shard-65538.db"),
        /missing shard database: the configuration has shard 65538, shard-65538.db is not there/,
      ],
      ["a shard's folder empty", 4, (dir) => empty(dir, "shard-1.db"), /shard-1.db holds no database/],
      ["master.db empty", 4, (dir) => empty(dir, MASTER), /master.db holds no database/],
      ["master.db gone", 1, (dir) => remove(dir, MASTER), /no master.db, so its root tip is unknown: .*--root-tip/],
      [
        "a shard too many",
        1,
        (dir) => cpSync(join(dir, "shard-1.db"), join(dir, "shard-196609.db"), { recursive: true }),
        /the database holds shard 196609, which the configuration does not define/,
      ],
      [
        "all gone",
        1,
        (dir) => {
          for (const id of chain.shardIds) remove(dir, `shard-${id}.db`);
          remove(dir, MASTER);
        },
        /is no data directory: .*it holds cluster_config.json/,
      ],
    ];
  test.each(cases)("%s: exit code %i", async (_, exitCode, edit, sentence) => {
    expectAnswer(await checkFiles(edit), exitCode, sentence);
  });

  test("without master.db, with --root-tip", async () => {
    const rootTip = toHex(chain.tip.hash);
    const { exitCode, report } = await checkFiles((dir) => remove(dir, MASTER), { ...TIP, rootTip });
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ totals: { rootBlocks: 0, minorBlocks: 13 } });
    expect(report?.warnings).toEqual(["there is no master.db: root blocks are followed, their rules not checked"]);
    const unknown = await checkFiles((dir) => remove(dir, MASTER), { ...TIP, rootTip: "11".repeat(32) });
    expectAnswer(unknown, 1, /--root-tip 1111.*: the database has no such root block/);
  });

  test("without master.db, a root block of the shard's own is missing", async () => {
    const twin = new DatabaseTwin(FIXTURE);
    twin.delete("shard-1.db", prefixedKey(PREFIX.rootBlock, chain.roots[17].hash)).write();
    remove(twin.dir, MASTER);
    const answer = await checkInProcess(twin.dir, { ...TIP, rootTip: toHex(chain.tip.hash) });
    expectAnswer(answer, 4, /missing row in shard-1.db: root block not found \(key rblock_d65c36b0/);
    twin.remove();
  });

  test("without a shard, the others by name", async () => {
    const edit = (dir: string) => remove(dir, "shard-65538.db");
    const { exitCode, report } = await checkFiles(edit, { ...TIP, shard: [1, 65539] });
    expect(exitCode).toBe(0);
    expect(report?.warnings).toEqual(["shard 65538 is not there: what the others sent to it is not compared"]);
    expect(report?.totals.minorBlocks).toBe(6);
  });

  test("no database at all", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qkc-empty-"));
    expectAnswer(await checkInProcess(folder, {}), 1, /is no data directory: .*the folder is empty/);
    rmSync(folder, { recursive: true });
    expectAnswer(await checkInProcess(folder, {}), 1, /does not exist/);
    expectAnswer(await checkInProcess("package.json", {}), 1, /package.json is a file/);
    expectAnswer(await checkInProcess("docs", {}), 1, /is no data directory: .*it holds [^;]*$/);
    expectAnswer(
      await checkInProcess("fixtures", {}),
      1,
      /is no data directory: .*; perhaps fixtures\/pyqkc-small is meant$/,
    );
  });
});

describe("through the built command", () => {
  const out = temporaryFolder();
  let project: BuiltProject;
  beforeAll(() => {
    project = buildProject();
  });
  afterAll(() => {
    out.remove();
  });

  function checkdb(db: string, ...args: string[]): Promise<Ended> {
    const run = ["--last", "1", "--workers", "1", "--report", join(db, "..", "report")];
    return startCheckdb(project, out.path, db, [...run, ...args]).ended;
  }

  async function checkTwin(edit: (dir: string) => void): Promise<Ended> {
    const twin = new DatabaseTwin(FIXTURE);
    edit(twin.dir);
    const ended = await startCheckdb(project, out.path, twin.dir, ["--last", "1", "--workers", "1"]).ended;
    twin.remove();
    return ended;
  }

  test("clean is 0", async () => {
    const { code, stdout } = await checkTwin(() => {});
    expect(stdout).toMatch(/^clean: 13 minor blocks and 1 root block of root blocks 18\.\.18 checked; nothing differs/);
    expect(code).toBe(0);
  });

  test("a divergence is 2 and shows both values", async () => {
    const twin = chain.forge({
      minor: { fullShardId: 1, height: 53, change: (block) => withMeta(block, { gasUsed: 42_001n }) },
    });
    const { code, stdout } = await startCheckdb(project, out.path, twin.dir, ["--last", "1", "--workers", "2"]).ended;
    twin.remove();
    expect(stdout).toMatch(/^divergent: /);
    expect(stdout).toMatch(
      /shard 1 \(0x1\) block 53 \(root block 18\).*\n +gasUsed\n.*declared 42001\n.*computed 42000/,
    );
    expect(code).toBe(2);
  });

  test("a damaged database is 4, whether it shows at once or in a worker", async () => {
    const current = await checkTwin((dir) => remove(dir, "shard-1.db", "CURRENT"));
    expect(current.stdout).toMatch(/^damaged: .*\n[\s\S]*the file CURRENT is missing/);
    expect(current.code).toBe(4);
    const block = await checkTwin((dir) => flipByte(join(dir, "shard-1.db", TABLE), 240_777));
    expect(block.stdout).toMatch(/^damaged: .*\n[\s\S]*checksum mismatch/);
    expect(block.code).toBe(4);
  });

  test("a file that the system refuses is 1, and so says the report in the folder that was named", async () => {
    const twin = new DatabaseTwin(FIXTURE);
    const table = join(twin.dir, "shard-1.db", TABLE);
    rmSync(table);
    symlinkSync(TABLE, table);
    const report = join(out.path, "refused");
    const { code, stdout } = await startCheckdb(project, out.path, twin.dir, ["--quiet", "--report", report]).ended;
    twin.remove();
    expect(stdout).toMatch(/^error: cannot .*000009.sst: its links lead in a circle \(ELOOP\)/);
    expect(code).toBe(1);
    expect(JSON.parse(readFileSync(join(report, "report.json"), "utf8"))).toMatchObject({
      verdict: "error",
      damage: [],
    });
  });

  test("a database with a feature that is not read is 3", async () => {
    const { files } = loadRecorded("refused-column-families");
    const { code, stdout } = await checkTwin((dir) => {
      empty(dir, MASTER);
      for (const [name, bytes] of files) writeFileSync(join(dir, MASTER, name), bytes);
    });
    expect(stdout).toMatch(/^unsupported: [\s\S]*column famil/);
    expect(code).toBe(3);
  });

  test("a name that acts upon a terminal or a CI log is shown on one line", async () => {
    const { code, stdout, stderr } = await checkTwin((dir) =>
      writeFileSync(join(dir, "shard-1.db", MANIFEST), Buffer.from(COMPARATOR_WITH_ESCAPES, "hex")),
    );
    expect(stdout).toContain(
      'comparator "x\\u001b[2J\\u001b]0;title\\u0007\\n::error::fake\\nclean: 999 minor blocks"',
    );
    expect(`${stdout}${stderr}`).not.toMatch(/\p{Cc}(?<!\n)|^(::|clean)/mu);
    expect(code).toBe(3);
  });

  test("no database and a configuration of another network are 1", async () => {
    const folder = join(out.path, "empty");
    mkdirSync(folder);
    const none = await checkdb(folder);
    expect(none.stderr).toMatch(/^error: .*is no data directory: .*the folder is empty/);
    expect(none.code).toBe(1);
    const config = join(out.path, "other.json");
    const text = readFileSync(join(FIXTURE, "cluster_config.json"), "utf8");
    writeFileSync(config, text.replace('"GAS_LIMIT": 12000000', '"GAS_LIMIT": 12000001'));
    const other = await checkdb(FIXTURE, "--config", config);
    expect(other.stderr).toMatch(
      /^error: .*other.json is not this database's configuration: its genesis block of shard 1/,
    );
    expect(other.code).toBe(1);
  });
});
