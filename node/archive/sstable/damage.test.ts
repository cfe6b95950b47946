import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../codec/bytes.ts";
import { DatabaseDamagedError, QkcError } from "../../codec/errors.ts";
import { everyNth } from "../../codec/thoroughness.testkit.ts";
import {
  fileNamed,
  getAllHex,
  loadRecorded,
  type RecordedDatabase,
  recordedNames,
  scanHex,
  withFolder,
} from "./recorded-database.testkit.ts";
import { openRocksDb } from "./rocksdb-store.ts";

type Rows = readonly (readonly [string, string])[];

/** The recorded files with one of them replaced or, for undefined, missing. */
function withFile(recorded: RecordedDatabase, name: string, bytes: Uint8Array | undefined): Map<string, Uint8Array> {
  const files = new Map(recorded.files);
  if (bytes === undefined) files.delete(name);
  else files.set(name, bytes);
  return files;
}

/** Opens and reads everything: forward, backward and each recorded key. */
function readAll(dir: string, keys: readonly string[]): { rows: Rows; backward: Rows; values: (string | undefined)[] } {
  const db = openRocksDb(dir, { verifyChecksums: "all", cacheBytes: 1 << 20 });
  try {
    return { rows: scanHex(db), backward: scanHex(db, { reverse: true }), values: getAllHex(db, keys) };
  } finally {
    db.close();
  }
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

function expectDamage(files: Map<string, Uint8Array>, file: string, message: RegExp): void {
  withFolder(files, (dir) => {
    const error = errorOf(() => readAll(dir, []));
    expect(error).toBeInstanceOf(DatabaseDamagedError);
    const damage = error as DatabaseDamagedError;
    expect(damage.message).toMatch(message);
    expect(damage.location.file?.endsWith(file)).toBe(true);
  });
}

/** States that a log's operations pass through, oldest first. */
function statesOf({ writes }: RecordedDatabase): string[] {
  const state = new Map<string, string>();
  const states = [JSON.stringify([])];
  for (const [key, value] of writes) {
    if (value === null) state.delete(key);
    else state.set(key, value);
    states.push(JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1))));
  }
  return states;
}

describe("files that are missing or cut off", () => {
  const closed = loadRecorded("pyquarkchain-closed");
  const table = fileNamed(closed, /\.sst$/);
  const manifest = fileNamed(closed, /^MANIFEST/);
  const bytesOf = (name: string): Uint8Array => closed.files.get(name) ?? new Uint8Array();

  test("CURRENT", () => {
    expectDamage(withFile(closed, "CURRENT", undefined), "CURRENT", /CURRENT is missing/);
    expectDamage(withFile(closed, "CURRENT", new Uint8Array()), "CURRENT", /does not name a MANIFEST/);
    const unended = bytesOf("CURRENT").slice(0, -1);
    expectDamage(withFile(closed, "CURRENT", unended), "CURRENT", /does not name a MANIFEST/);
  });

  test("MANIFEST", () => {
    expectDamage(withFile(closed, manifest, undefined), manifest, /MANIFEST that CURRENT names is missing/);
    expectDamage(withFile(closed, manifest, new Uint8Array()), manifest, /names no comparator/);
  });

  test("a MANIFEST cut anywhere is damage, or an older state where the cut lies between two records", () => {
    const bytes = bytesOf(manifest);
    let older = 0;
    for (let length = 0; length < bytes.length; length += everyNth(5)) {
      withFolder(withFile(closed, manifest, bytes.slice(0, length)), (dir) => {
        const error = errorOf(() => readAll(dir, []));
        if (error === undefined) older++;
        else expect(error).toBeInstanceOf(DatabaseDamagedError);
      });
    }
    expect(older).toBeLessThan(5);
  });

  test("a table that is missing, shorter or longer", () => {
    const bytes = bytesOf(table);
    expectDamage(withFile(closed, table, undefined), table, /live table is missing/);
    for (const length of [0, 52, 53, bytes.length - 1]) {
      expectDamage(withFile(closed, table, bytes.slice(0, length)), table, /where the MANIFEST says/);
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expectDamage(withFile(closed, table, longer), table, /where the MANIFEST says/);
  });

  test("a table of zeros", () => {
    expectDamage(withFile(closed, table, new Uint8Array(bytesOf(table).length)), table, /magic number/);
  });
});

describe("a torn log is read up to the tear", () => {
  const recorded = loadRecorded("log-only");
  const log = fileNamed(recorded, /\.log$/);
  const bytes = recorded.files.get(log) ?? new Uint8Array();
  const states = statesOf(recorded);

  function stateIndex(damaged: Uint8Array): { index: number; stops: number } {
    return withFolder(withFile(recorded, log, damaged), (dir) => {
      const db = openRocksDb(dir);
      const index = states.lastIndexOf(JSON.stringify(scanHex(db)));
      expect(index, "a state that the writes passed through").toBeGreaterThanOrEqual(0);
      const { logStops } = db.describe();
      db.close();
      return { index, stops: logStops.length };
    });
  }

  /** Every third byte near the ends, some of the long record between them. */
  function* samples(length: number): Generator<number> {
    for (let at = 0; at < length; at += at < 1500 || at > length - 1000 ? 3 : 501) yield at;
  }

  test("cut at any length", () => {
    let last = 0;
    for (const length of samples(bytes.length)) {
      const { index } = stateIndex(bytes.slice(0, length));
      expect(index).toBeGreaterThanOrEqual(last);
      last = index;
    }
    expect(stateIndex(bytes)).toEqual({ index: states.length - 1, stops: 0 });
  });

  test("flipped anywhere: nothing after the flip is believed", () => {
    for (const at of samples(bytes.length)) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 << (at % 8);
      const { index, stops } = stateIndex(damaged);
      expect(index).toBeLessThan(states.length - 1);
      expect(stops).toBe(1);
    }
  });

  test("zeros behind the last record are space that was never used", () => {
    for (const zeros of [7, 100, 40_000]) {
      const padded = new Uint8Array(bytes.length + zeros);
      padded.set(bytes);
      expect(stateIndex(padded)).toEqual({ index: states.length - 1, stops: 0 });
    }
  });

  test("an empty or missing log is an empty database", () => {
    expect(stateIndex(new Uint8Array()).index).toBe(0);
    withFolder(withFile(recorded, log, undefined), (dir) => expect(readAll(dir, []).rows).toEqual([]));
  });
});

/*
 * Bytes of each live file flipped in turn. What is read must be right or be refused: a checksum of each kind covers
 * every byte that matters. Logs are left out: there a flip ends recovery, see above.
 */
describe.each(recordedNames().filter((name) => name.startsWith("tiny-")))("flipped bytes in %s", (name) => {
  const recorded = loadRecorded(name);
  const keys = recorded.rows.map(([key]) => key);
  const whole = { rows: recorded.rows, backward: recorded.rows.toReversed(), values: recorded.rows.map(([, v]) => v) };

  test.each([...recorded.files.keys()].filter((file) => /^(CURRENT|MANIFEST|.*\.sst)/.test(file)))("%s", (file) => {
    const bytes = recorded.files.get(file) ?? new Uint8Array();
    let looked = 0;
    let unnoticed = 0;
    withFolder(recorded.files, (dir) => {
      for (let at = 0; at < bytes.length; at += everyNth(5)) {
        const damaged = bytes.slice();
        damaged[at] ^= at % 3 === 0 ? 0xff : 1 << (at % 8);
        writeFileSync(join(dir, file), damaged);
        looked++;
        let read: ReturnType<typeof readAll> | undefined;
        try {
          read = readAll(dir, keys);
        } catch (error) {
          if (!(error instanceof QkcError)) throw new Error(`byte ${at}: ${error}`, { cause: error });
          if (error instanceof DatabaseDamagedError) expect(error.location.file).toBeDefined();
        }
        if (read === undefined) continue;
        unnoticed++;
        expect(read, `byte ${at}`).toEqual(whole);
      }
    });
    // Filters, padding and statistics: bytes that no answer depends on.
    if (!file.endsWith(".sst")) expect(unnoticed).toBe(0);
    else expect(unnoticed).toBeLessThan(looked / 2);
  });
});

describe("a flipped value in an uncompressed block", () => {
  const recorded = loadRecorded("table-v2-crc32c-none-binary");
  const table = fileNamed(recorded, /\.sst$/);
  const [key, value] = recorded.rows.filter(([, text]) => text.length > 60)[3];
  const bytes = (recorded.files.get(table) ?? new Uint8Array()).slice();
  const at = Buffer.from(bytes).indexOf(Buffer.from(fromHex(value)));
  bytes[at + 2] ^= 1;
  const files = withFile(recorded, table, bytes);

  test("get names file and offset, also when the block is cached unverified", () => {
    withFolder(files, (dir) => {
      const db = openRocksDb(dir);
      const altered = db.getSelfProving(fromHex(key));
      expect(altered && toHex(altered)).not.toBe(value);
      const error = errorOf(() => db.get(fromHex(key)));
      expect(error).toBeInstanceOf(DatabaseDamagedError);
      expect((error as DatabaseDamagedError).location.file?.endsWith(table)).toBe(true);
      expect((error as DatabaseDamagedError).location.offset).toBeLessThanOrEqual(at);
      expect(errorOf(() => [...db.entries()])).toBeInstanceOf(DatabaseDamagedError);
      db.close();
    });
  });

  test("with all checksums verified, getSelfProving too", () => {
    withFolder(files, (dir) => {
      const db = openRocksDb(dir, { verifyChecksums: "all" });
      expect(errorOf(() => db.getSelfProving(fromHex(key)))).toBeInstanceOf(DatabaseDamagedError);
      db.close();
    });
  });

  test("a damaged block never lets a key go missing silently", () => {
    const original = recorded.files.get(table) ?? new Uint8Array();
    const whole = recorded.rows
      .map(([name]) => Buffer.from(name, "hex"))
      .find((name) => Buffer.from(original).includes(name));
    if (whole === undefined) throw new Error("no key is stored whole");
    const hidden = original.slice();
    hidden[Buffer.from(original).indexOf(whole) + whole.length - 1] ^= 0x40;
    withFolder(withFile(recorded, table, hidden), (dir) => {
      const db = openRocksDb(dir);
      expect(errorOf(() => db.getSelfProving(whole))).toBeInstanceOf(DatabaseDamagedError);
      db.close();
    });
  });
});
