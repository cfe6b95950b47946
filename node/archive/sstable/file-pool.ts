import { closeSync, openSync, readSync } from "node:fs";
import { DatabaseDamagedError, UsageError } from "../../codec/errors.ts";

/** Reads from many files through a bounded number of handles; files are opened for reading only. */
export class FilePool {
  readonly #limit: number;
  /** Least recently used first. */
  readonly #handles = new Map<string, number>();
  #closed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Fills the first `length` bytes of `target`. Throws DatabaseDamagedError when the file is missing or too short. */
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
    for (const handle of this.#handles.values()) closeSync(handle);
    this.#handles.clear();
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
    const handle = openForReading(path);
    this.#handles.set(path, handle);
    return handle;
  }

  #closeOldest(): void {
    for (const [path, handle] of this.#handles) {
      closeSync(handle);
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
  } catch (cause) {
    const message = `the file cannot be read: ${(cause as Error).message}`;
    throw new DatabaseDamagedError(message, { file: path, offset: position }, { cause });
  }
}

function openForReading(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new DatabaseDamagedError(`the file cannot be opened: ${(cause as Error).message}`, { file: path }, { cause });
  }
}
