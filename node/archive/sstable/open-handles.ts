import { readFileSync } from "node:fs";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";

const KEY = "file handles of opened stores";
const COUNT = 0;
const BUDGET = 1;
/** Where the system does not tell: the least that is usual. */
const USUAL_LIMIT = 1024;

/** What stores may keep open, for all of them in all threads of the process. The rest of the limit is for everything else. */
export class OpenHandles {
  readonly #shared: Int32Array;

  constructor(shared: Int32Array) {
    this.#shared = shared;
  }

  /** False where the budget is used up. */
  take(): boolean {
    if (Atomics.add(this.#shared, COUNT, 1) < this.#shared[BUDGET]) return true;
    Atomics.sub(this.#shared, COUNT, 1);
    return false;
  }

  /** For a store that has no handle to give back in exchange: without one it cannot be read. */
  takeBeyond(): void {
    Atomics.add(this.#shared, COUNT, 1);
  }

  giveBack(): void {
    Atomics.sub(this.#shared, COUNT, 1);
  }
}

/** The process's own: threads started from here on share it. */
export function processHandles(): OpenHandles {
  const known = getEnvironmentData(KEY) as unknown as Int32Array | undefined;
  if (known !== undefined) return new OpenHandles(known);
  const shared = handleBudget(Math.floor(openFilesLimit() / 2));
  setEnvironmentData(KEY, shared as never);
  return new OpenHandles(shared);
}

export function handleBudget(handles: number): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  shared[BUDGET] = handles;
  return shared;
}

function openFilesLimit(): number {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return match === null ? USUAL_LIMIT : Number(match[1]);
  } catch {
    return USUAL_LIMIT;
  }
}
