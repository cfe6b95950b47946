import { closeSync, openSync, readSync } from "node:fs";
import { DatabaseDamagedError, UsageError } from "../../codec/errors.ts";
import { errnoOf, systemRefusal } from "../../codec/system-error.ts";
import { type OpenHandles, processHandles } from "./open-handles.ts";

/** Reads from many files through a bounded number of handles; files are opened for reading only. */
export class FilePool {
  readonly #limit: number;
  readonly #process: OpenHandles;
  /** Least recently used first. */
  readonly #handles = new Map<string, number>();
  #closed = false;

  /** @param limit files that may be open here, while the process has handles for them */
  constructor(limit: number, process = processHandles()) {
    this.#limit = limit;
    this.#process = process;
  }

  /**
   * Fills the first `length` bytes of `target`. Throws DatabaseDamagedError when the file is missing or too
   * short, SystemError for what the system refuses.
   */
  read(path: string, target: Uint8Array, length: number, position: number): void {
    const handle = this.#handle(path);
    for (let done = 0; done < length; ) {
      const count = readSome(path, handle, target, done, length - done, position + done);
      if (count === 0) throw new DatabaseDamagedError("the file is cut off", { file: path, offset: position + done });
      done += count;
    }
  }

  close(): void {
    this.#closed = true;
    while (this.#handles.size > 0) this.#closeOldest();
  }

  #handle(path: string): number {
    const known = this.#handles.get(path);
    if (known !== undefined) {
      this.#handles.delete(path);
      this.#handles.set(path, known);
      return known;
    }
    if (this.#closed) throw new UsageError(`${path}: the database has been closed`);
    if (this.#handles.size >= this.#limit) this.#closeOldest();
    const handle = this.#open(path);
    this.#handles.set(path, handle);
    return handle;
  }

  /** The process has one budget of handles for all its stores and threads: where it is used up, this pool gives some back. */
  #open(path: string): number {
    for (;;) {
      this.#take();
      try {
        return openSync(path, "r");
      } catch (error) {
        this.#process.giveBack();
        const errno = errnoOf(error);
        if (errno === "ENOENT") throw new DatabaseDamagedError("the file is missing", { file: path }, { cause: error });
        if (errno !== "EMFILE" || this.#handles.size === 0) throw systemRefusal(error, path, "open");
        const keep = this.#handles.size >> 1;
        while (this.#handles.size > keep) this.#closeOldest();
      }
    }
  }

  #take(): void {
    while (!this.#process.take()) {
      if (this.#handles.size === 0) {
        this.#process.takeBeyond();
        return;
      }
      this.#closeOldest();
    }
  }

  #closeOldest(): void {
    for (const [path, handle] of this.#handles) {
      closeSync(handle);
      this.#process.giveBack();
      this.#handles.delete(path);
      return;
    }
  }
}

function readSome(
  path: string,
  handle: number,
  target: Uint8Array,
  at: number,
  length: number,
  position: number,
): number {
  try {
    return readSync(handle, target, at, length, position);
  } catch (error) {
    throw systemRefusal(error, path, "read");
  }
}
