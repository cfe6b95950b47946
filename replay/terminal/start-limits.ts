import { readFileSync, statfsSync } from "node:fs";
import { totalmem } from "node:os";
import { memoryBudget } from "../work/memory.ts";

const MEBIBYTE = 2 ** 20;
/** Reports, checkpoints and reproducers of a run with many findings. */
const LEAST_DISK_BYTES = 256 * MEBIBYTE;
/** Tables that a thread keeps open, and what the process needs for itself. */
const FILES_PER_WORKER = 32;
const OWN_FILES = 64;

/** What a run may take, and what there is. */
export interface StartLimits {
  readonly workers: number;
  /** Of the machine, or of the container where that is less. */
  readonly memoryBytes: number;
  /** Free where the report is written; undefined where the system does not tell. */
  readonly diskBytes: number | undefined;
  /** Files that the process may have open; undefined likewise. */
  readonly openFiles: number | undefined;
}

/** What a run that starts with so little may come to grief on, each with the way out. */
export function limitWarnings({ workers, memoryBytes, diskBytes, openFiles }: StartLimits): string[] {
  const warnings: string[] = [];
  const { heapMegabytes, cacheBytesPerWorker } = memoryBudget(workers, memoryBytes);
  const wanted = workers * (heapMegabytes * MEBIBYTE + cacheBytesPerWorker);
  if (wanted > memoryBytes) {
    const fitting = Math.max(1, Math.floor((workers * memoryBytes) / wanted));
    warnings.push(
      `${workers} workers may take ${mebibytes(wanted)}, there are ${mebibytes(memoryBytes)}: --workers ${fitting} fits`,
    );
  }
  if (diskBytes !== undefined && diskBytes < LEAST_DISK_BYTES) {
    warnings.push(`${mebibytes(diskBytes)} are left for the report: free some, or name another folder with --report`);
  }
  const files = OWN_FILES + workers * FILES_PER_WORKER;
  if (openFiles !== undefined && openFiles < files) {
    warnings.push(
      `the process may open ${openFiles} files, ${workers} workers want ${files}: raise the limit with ulimit -n ${files}`,
    );
  }
  return warnings;
}

/** @param folder of the report */
export function startLimits(workers: number, folder: string): StartLimits {
  const limit = process.constrainedMemory();
  return {
    workers,
    memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    diskBytes: unlessItFails(() => {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    }),
    openFiles: unlessItFails(() => {
      const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
      return soft === undefined ? undefined : Number(soft);
    }),
  };
}

function unlessItFails(read: () => number | undefined): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / MEBIBYTE)} MiB`;
}
