import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ClassicLevel, type OpenOptions } from "classic-level";
import { DatabaseDamagedError, UsageError } from "../../codec/errors.ts";
import { makeFolder } from "../../codec/make-folder.ts";
import { errnoOf, SystemError, systemRefusal } from "../../codec/system-error.ts";
import { isLevelLocked } from "./level-locked.ts";

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/**
 * Opens a LevelDB of our own, or makes one where there is none. Throws DatabaseDamagedError where its files contradict
 * each other or are missing, UsageError where another process has it, SystemError where the system refuses.
 */
export async function openLevel(folder: string, options: OpenOptions = {}): Promise<Level> {
  await refuseUnmarked(folder);
  const level: Level = new ClassicLevel(folder, { keyEncoding: "view", valueEncoding: "view", ...options });
  try {
    makeFolder(folder);
    await level.open();
    return level;
  } catch (error) {
    await level.close();
    throw await openError(folder, error);
  }
}

/** Of an error of classic-level or of the system, which classic-level hides in a cause. */
export function rootCauseText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : rootCauseText(error.cause);
}

/** LevelDB takes a folder without CURRENT for an empty one, and deletes the tables that it finds in it. */
async function refuseUnmarked(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error): string[] => {
    if (errnoOf(error) === "ENOENT") return [];
    throw systemRefusal(error, folder, "open");
  });
  if (!names.some((name) => /^\d+\.(ldb|sst)$/.test(name)) || names.includes("CURRENT")) return;
  throw damaged(folder, "it has tables, and no CURRENT that says which of them count");
}

async function openError(folder: string, error: unknown): Promise<Error> {
  if (error instanceof SystemError) return error;
  if (isLevelLocked(error)) return new UsageError(`${folder} is in use by another process: stop it first`);
  const reason = rootCauseText(error);
  if (hasCode(error, "LEVEL_CORRUPTION")) return damaged(folder, reason, error);
  // What CURRENT names is not there, in a folder that is.
  const isMissing = reason.endsWith("No such file or directory") && (await exists(join(folder, "CURRENT")));
  if (isMissing) return damaged(folder, reason, error);
  if (errnoOf(error) !== undefined) return systemRefusal(error, folder, "open") as Error;
  return new SystemError(folder, "", `cannot open ${folder}: ${reason}`, { cause: error });
}

function damaged(folder: string, reason: string, cause?: unknown): DatabaseDamagedError {
  const wayOut = "restore it from a copy, or move it away and start again from the first block";
  return new DatabaseDamagedError(`the data directory is damaged: ${reason}; ${wayOut}`, { file: folder }, { cause });
}

export function hasCode(error: unknown, code: string): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === code) || hasCode(error.cause, code);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
