import { renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { DatabaseDamagedError, UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { systemRefusal } from "../../node/codec/system-error.ts";
import { readTextFile } from "../report/read-text-file.ts";
import { isBegun, recordFileOf } from "./record-file.ts";

/** What fixes a replay's answer, by names that people read: a run may be continued where all of it is equal. */
export type ReplayIdentity = Readonly<Record<string, string>>;

const recordSchema = z.record(z.string(), z.string());

/**
 * Proves that a folder is free for a replay, or holds the one that is to be continued; `begin` notes whose it is. Throws
 * UsageError for another run's folder, for a run that would begin where there is one, and for one to continue where
 * there is none.
 */
export function openRunRecord(datadir: string, identity: ReplayIdentity, resume: boolean): { begin(): void } {
  const path = recordFileOf(datadir);
  if (!isBegun(datadir)) {
    if (resume) throw new UsageError(`there is no replay in ${datadir} to continue: start it without --resume`);
    return { begin: () => writeRecord(datadir, path, identity) };
  }
  if (!resume) {
    throw new UsageError(`${datadir} holds a replay: --resume continues it; take another --datadir to start afresh`);
  }
  proveIdentity(datadir, path, identity);
  return { begin: () => {} };
}

function writeRecord(datadir: string, path: string, identity: ReplayIdentity): void {
  makeFolder(datadir);
  const temporary = `${path}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(identity, null, 2)}\n`, { flush: true });
    renameSync(temporary, path);
  } catch (error) {
    throw systemRefusal(error, path, "write");
  }
}

function proveIdentity(datadir: string, path: string, identity: ReplayIdentity): void {
  const parsed = recordSchema.safeParse(jsonOrNull(readTextFile(path)));
  if (!parsed.success) throw new DatabaseDamagedError("the record of the replay is unreadable", { file: path });
  const differences = Object.entries(identity).filter(([name, value]) => parsed.data[name] !== value);
  if (differences.length === 0) return;
  const lines = differences.map(
    ([name, value]) => `  ${name}: ${parsed.data[name] ?? "not noted"} there, ${value} now`,
  );
  throw new UsageError([`the replay in ${datadir} is another one:`, ...lines]);
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
