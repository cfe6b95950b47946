import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { inspect } from "../inspect/inspect.ts";
import { FIXTURE, MASTER } from "./twin-chain.testkit.ts";
import { type CheckAnswer, type CheckOptions, checkInProcess } from "./twin-check.testkit.ts";

const TIP: CheckOptions = { last: 1 };
const SHARD = "shard-1.db";
const LOG = "000008.log";
const MANIFEST = "MANIFEST-000005";

/** See fixtures/hostile/README.md. */
function hostile(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(`../../fixtures/hostile/${name}.gz`, import.meta.url)));
}

async function withTwin<T>(edit: (dir: string) => void, look: (dir: string) => Promise<T> | T): Promise<T> {
  const twin = new DatabaseTwin(FIXTURE);
  try {
    edit(twin.dir);
    return await look(twin.dir);
  } finally {
    twin.remove();
  }
}

function check(edit: (dir: string) => void, options: CheckOptions = TIP): Promise<CheckAnswer> {
  return withTwin(edit, (dir) => checkInProcess(dir, options));
}

const place = (dir: string, file: string, content: Uint8Array) => writeFileSync(join(dir, file), content);

describe("files of any size are read in bounded time and memory", () => {
  test("a log record in 150,000 empty pieces", async () => {
    const { exitCode } = await check((dir) => place(dir, join(SHARD, LOG), hostile("empty-fragments.log")));
    expect(exitCode).toBe(0);
  });

  test("a MANIFEST of 20,000 records over 20,000 tables", async () => {
    const startedAt = process.cpuUsage();
    const read = withTwin(
      (dir) => place(dir, join(SHARD, MANIFEST), hostile("many-edits.manifest")),
      (dir) => inspect(inspection(dir, ["1", "mi_1"])),
    );
    await expect(read).rejects.toThrow("no row mi_1");
    // The square of its records took 36 s.
    expect(process.cpuUsage(startedAt).user / 1e6).toBeLessThan(10);
  });

  test("a block that stands for a gibibyte is refused by what it declares", async () => {
    const edit = (dir: string) => {
      place(dir, join(SHARD, MANIFEST), hostile("unfolding.manifest"));
      place(dir, join(SHARD, "000009.sst"), hostile("unfolding.sst"));
    };
    const { exitCode, text } = await check(edit);
    expect(exitCode).toBe(4);
    expect(text).toContain("declares an implausible size of 1073741787 bytes");
    expect(process.memoryUsage().rss).toBeLessThan(2 ** 31);
  });
});

function inspection(db: string, references: readonly string[]) {
  const rest = { configPath: undefined, at: undefined, withCode: false, tokens: [], json: false, raw: false };
  return { db, subject: "key", references, ...rest } as const;
}

test("an altered height index of the genesis root block is a warning: the block itself is there", async () => {
  const { exitCode, report } = await check((dir) => place(dir, join(MASTER, LOG), hostile("genesis-index.log")));
  expect(exitCode).toBe(0);
  expect(report?.warnings.join("\n")).toContain("the height index of the root chain names");
});

describe("what the system refuses says nothing of the bytes", () => {
  const files = [join(SHARD, "000009.sst"), join(SHARD, MANIFEST), join(SHARD, LOG), join(MASTER, "CURRENT")];

  test.each(files)("%s behind a circle of links is no damage", async (file) => {
    const { exitCode, text, report } = await check((dir) => {
      rmSync(join(dir, file));
      symlinkSync(join(dir, file), join(dir, file));
    });
    expect(exitCode).toBe(1);
    expect(text).toMatch(new RegExp(`cannot (read|look at|open) .*${file}: its links lead in a circle \\(ELOOP\\)`));
    expect(report?.damage ?? []).toEqual([]);
  });

  test.each([join(SHARD, LOG), join(SHARD, "CURRENT"), join(SHARD, MANIFEST), "cluster_config.json"])(
    "a pipe in the place of %s is not waited for",
    async (file) => {
      const { exitCode, text } = await check((dir) => {
        rmSync(join(dir, file));
        execFileSync("mkfifo", [join(dir, file)]);
      });
      expect(exitCode).toBe(1);
      expect(text).toContain(`${file} is a pipe or a device, not a file`);
    },
  );

  test("a device in the place of CURRENT is not read to its end", async () => {
    const { exitCode, text } = await check((dir) => {
      rmSync(join(dir, SHARD, "CURRENT"));
      symlinkSync("/dev/zero", join(dir, SHARD, "CURRENT"));
    });
    expect(exitCode).toBe(1);
    expect(text).toContain("is a pipe or a device");
  });
});

describe("what lies beside the database is nobody's business", () => {
  test("another spelling of a shard's folder, lost+found, a keystore, a broken link", async () => {
    const { exitCode, text } = await check((dir) => {
      cpSync(join(dir, "shard-65538.db"), join(dir, "shard-0000000001.db"), { recursive: true });
      mkdirSync(join(dir, "lost+found"));
      mkdirSync(join(dir, "keystore"));
      symlinkSync("nowhere", join(dir, "broken"));
      symlinkSync("circle", join(dir, "circle"));
    });
    expect([exitCode, text]).toEqual([0, expect.stringContaining("clean")]);
  });

  test("an empty folder with nothing but lost+found is no data directory", async () => {
    const dir = mkdtempSync(join(tmpdir(), "qkc-empty-"));
    try {
      mkdirSync(join(dir, "lost+found"));
      const { exitCode, text } = await checkInProcess(dir, TIP);
      expect(exitCode).toBe(1);
      expect(text).toContain("is no data directory");
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
