/*
 * Cases of altered databases, one after the other: node --import tsx scripts/oracle/mutations/run-cases.ts SEED FIRST COUNT
 * Prints each case before it begins, so that whoever waits knows which one does not end, and exits with 1 at the first
 * one that is answered wrongly.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseTwin } from "../../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { folderDigest } from "../../../node/archive/sstable/folder-digest.testkit.ts";
import { FIXTURE } from "../../../replay/checkdb/twin-chain.testkit.ts";
import { type CheckAnswer, checkInProcess } from "../../../replay/checkdb/twin-check.testkit.ts";
import { examineDatabase } from "../../../replay/doctor/doctor.ts";
import { inspect } from "../../../replay/inspect/inspect.ts";
import { describeFailure } from "../../../replay/report/failure.ts";
import { mutateDatabase, randomOf } from "./mutate-database.ts";

const MOST_RESIDENT_BYTES = 2 * 2 ** 30;
const SPAN = { from: 15, to: 18 };

const [seed, first, count] = process.argv.slice(2).map(Number);
const clean = whatCleanMeans(await checkInProcess(FIXTURE, SPAN));
for (let i = first; i < first + count; i++) {
  console.info(`case ${i}`);
  await runCase(i);
}

async function runCase(index: number): Promise<void> {
  const twin = new DatabaseTwin(FIXTURE);
  try {
    const what = mutateDatabase(twin, randomOf(seed * 1_000_003 + index));
    const wrong = await wrongWith(twin.dir);
    if (wrong === undefined) return;
    console.info(`seed ${seed}, case ${index}: ${what}\n${wrong}`);
    process.exit(1);
  } finally {
    twin.remove();
  }
}

/** Undefined where each command answers as it should. */
async function wrongWith(db: string): Promise<string | undefined> {
  const before = digestOf(db);
  const answer = await checkInProcess(db, SPAN);
  // Bytes that do not decode are damage, named by their place: CODEC alone says neither.
  if (["INTERNAL", "CODEC"].includes(answer.report?.error?.code ?? "") || /\n {4}at /.test(answer.text))
    return `checkdb: ${answer.text}`;
  if (answer.exitCode === 0 && whatCleanMeans(answer) !== clean) return `falsely clean: ${answer.text}`;
  const looks: [string, () => unknown][] = [
    ["doctor", () => examineDatabase({ db, configPath: undefined, deep: false, trialSeconds: 0, samples: 8 })],
    ["inspect root tip", () => inspect(inspection(db, "root", ["tip"]))],
    ["inspect minor 1:5", () => inspect(inspection(db, "minor", ["1:5"]))],
  ];
  for (const [name, look] of looks) {
    try {
      await look();
    } catch (error) {
      const { stack } = describeFailure(error);
      if (stack !== undefined) return `${name}: ${stack}`;
    }
  }
  if (digestOf(db) !== before) return "a file was changed";
  const { rss } = process.memoryUsage();
  return rss > MOST_RESIDENT_BYTES ? `${rss} bytes are resident` : undefined;
}

/** What a clean answer says of the blocks: an altered database may be clean only where it says the same. */
function whatCleanMeans({ report }: CheckAnswer): string {
  return JSON.stringify([report?.totals, report?.shards, report?.provenance.database]);
}

function inspection(db: string, subject: "root" | "minor", references: readonly string[]) {
  return {
    db,
    configPath: undefined,
    subject,
    references,
    at: undefined,
    withCode: false,
    tokens: [],
    json: false,
    raw: false,
  };
}

function digestOf(db: string): string {
  const databases = readdirSync(db).filter((name) => name.endsWith(".db"));
  return databases.map((name) => folderDigest(join(db, name))).join();
}
