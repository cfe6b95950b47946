import { totalmem } from "node:os";
import { heldLogBytes } from "../../node/archive/sstable/shared-logs.ts";
import { type MemoryBudget, memoryBudget } from "../work/memory.ts";

export interface AdviceRequest {
  readonly db: string;
  /** Named by the user or found elsewhere than where checkdb looks. */
  readonly configPath: string | undefined;
  /** 64 hex digits, where checkdb cannot find it by itself. */
  readonly rootTip: string | undefined;
  /** Where not all shards of the configuration are to be checked. */
  readonly shards: readonly number[] | undefined;
  readonly databaseBytes: number;
  readonly cores: number;
}

/** What a check of the whole database takes. */
export interface Advice {
  readonly command: string;
  readonly workers: number;
  readonly databaseBytes: number;
  readonly machineMemoryBytes: number;
  /** At most, for all workers together. */
  readonly checkMemoryBytes: number;
  readonly lines: readonly string[];
}

const GIGABYTE = 1 << 30;

export function advise(request: AdviceRequest): Advice {
  const { cores, databaseBytes } = request;
  const machineMemoryBytes = totalmem();
  const logBytes = heldLogBytes();
  const workers = affordableWorkers(cores, machineMemoryBytes - logBytes);
  const checkMemoryBytes = workers * budgetBytes(memoryBudget(workers, machineMemoryBytes - logBytes)) + logBytes;
  const left = machineMemoryBytes - checkMemoryBytes;
  return {
    command: checkCommand(request, workers),
    workers,
    databaseBytes,
    machineMemoryBytes,
    checkMemoryBytes,
    lines: [
      `disk: the database takes ${gigabytes(databaseBytes)} and is only read; a check writes its report, a few megabytes`,
      databaseBytes < left
        ? "disk: the files fit into the memory that a check leaves, so each is read from the disk once"
        : "disk: the files do not fit into memory; a check reads at random, so use a local SSD, not a network volume",
      `memory: ${workers} workers take up to ${gigabytes(checkMemoryBytes)} of ${gigabytes(machineMemoryBytes)}`,
      ...(workers < cores ? [`memory: for one worker on each of the ${cores} cores there is too little of it`] : []),
    ],
  };
}

/** As many as memory has room for: a worker never gets less than a fixed amount, whatever the machine has. */
function affordableWorkers(cores: number, memoryBytes: number): number {
  let workers = cores;
  while (workers > 1 && workers * budgetBytes(memoryBudget(workers, memoryBytes)) > memoryBytes) workers--;
  return workers;
}

function budgetBytes({ heapMegabytes, cacheBytesPerWorker }: MemoryBudget): number {
  return heapMegabytes * (1 << 20) + cacheBytesPerWorker;
}

function checkCommand({ db, configPath, rootTip, shards, cores }: AdviceRequest, workers: number): string {
  return [
    "qkc",
    "checkdb",
    ...["--db", db],
    ...(configPath === undefined ? [] : ["--config", configPath]),
    ...(rootTip === undefined ? [] : ["--root-tip", rootTip]),
    ...(shards ?? []).flatMap((id) => ["--shard", `${id}`]),
    ...(workers === cores ? [] : ["--workers", `${workers}`]),
  ]
    .map((text) => (/^[\w./:=,@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

export function gigabytes(bytes: number): string {
  if (bytes < GIGABYTE / 10) return `${(bytes / (1 << 20)).toFixed(1)} MB`;
  return `${(bytes / GIGABYTE).toFixed(1)} GB`;
}
