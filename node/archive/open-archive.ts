import { join } from "node:path";
import { NotADatabaseError, UsageError } from "../codec/errors.ts";
import { shown } from "../codec/shown.ts";
import type { BlockSource } from "./block-source.ts";
import type { ArchiveOptions } from "./client-database.ts";
import { assertFolder, contentsOf, namesIn } from "./folder.ts";
import { GoquarkchainDatabase, goquarkchainFolders } from "./goquarkchain/database.ts";
import { PyquarkchainDatabase, pyquarkchainFolders } from "./pyquarkchain/database.ts";

/** Folders in one that is no data directory. */
const MOST_LOOKED_INTO = 20;

/**
 * Opens a client's data directory, whichever client wrote it: pyquarkchain's `master.db` and `shard-<full shard id>.db`,
 * goquarkchain's `master/db` and `<slave id>/shard-<full shard id>/db`, or some of them. Nothing is written. Throws
 * NotADatabaseError when neither is there and UsageError when both are.
 */
export function openArchive(dir: string, options: ArchiveOptions = {}): BlockSource {
  assertFolder(dir);
  const python = pyquarkchainFolders(dir);
  const go = goquarkchainFolders(dir);
  if (python !== undefined && go !== undefined) {
    throw new UsageError(
      `${dir} holds a pyquarkchain and a goquarkchain database: move one of them to a folder of its own`,
    );
  }
  if (python !== undefined) return new PyquarkchainDatabase(python, options);
  if (go !== undefined) return new GoquarkchainDatabase(go, options);
  throw new NotADatabaseError(
    `${dir} is no data directory: neither pyquarkchain's master.db and shard-<full shard id>.db nor goquarkchain's ` +
      `master/db and <slave id>/shard-<full shard id>/db are in it (${contentsOf(dir)})${meantFolder(dir)}`,
  );
}

/** An archive of a data directory unpacks into a folder of its own. */
function meantFolder(dir: string): string {
  const within = namesIn(dir)
    .sort()
    .slice(0, MOST_LOOKED_INTO)
    .map((name) => join(dir, name));
  const meant = within.find((path) => {
    try {
      return (pyquarkchainFolders(path) ?? goquarkchainFolders(path)) !== undefined;
    } catch {
      return false;
    }
  });
  return meant === undefined ? "" : `; perhaps ${shown(meant)} is meant`;
}
