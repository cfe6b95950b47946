/*
 * Packs databases that goleveldb wrote into fixtures/leveldb, one of each way to end:
 * node --import tsx scripts/oracle/leveldb/record-fixtures.ts FOLDER
 * where FOLDER has what `go run . -out FOLDER -seed 1 -count 60` wrote.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const OUT = "fixtures/leveldb";
const MAX_BYTES = 60_000;
/** Fewer rows show nothing, except of an empty database. */
const MIN_ROWS = 40;

interface Recorded {
  readonly files: Record<string, string>;
  readonly rows: readonly (readonly [string, string])[];
}

const folder = process.argv[2];
if (folder === undefined) throw new Error("name the folder that the Go program wrote");
mkdirSync(OUT, { recursive: true });
const done = new Set<string>();
for (const seed of readdirSync(folder).sort((a, b) => Number(a) - Number(b))) {
  const { ending, rows } = JSON.parse(readFileSync(join(folder, seed, "expected.json"), "utf8"));
  const files = Object.fromEntries(
    readdirSync(join(folder, seed, "db")).map((name) => [
      name,
      readFileSync(join(folder, seed, "db", name)).toString("base64"),
    ]),
  );
  const tables = Object.keys(files).filter((name) => name.endsWith(".ldb")).length;
  const name = `goleveldb-${ending.replaceAll(" ", "-")}`;
  const packed = gzipSync(JSON.stringify({ files, rows } satisfies Recorded), { level: 9 });
  const tellsLittle = ending !== "empty" && (rows.length < MIN_ROWS || (ending !== "log only" && tables < 3));
  if (done.has(name) || packed.length > MAX_BYTES || tellsLittle) continue;
  done.add(name);
  // No time of packing in the header.
  packed.fill(0, 4, 8);
  writeFileSync(join(OUT, `${name}.json.gz`), packed);
  console.info(`${name}: seed ${seed}, ${rows.length} rows, ${tables} tables, ${packed.length} bytes`);
}
