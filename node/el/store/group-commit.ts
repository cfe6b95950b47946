import { bytesKey } from "../../codec/bytes.ts";
import { QkcError, reasonOf } from "../../codec/errors.ts";
import type { KeyRange, RowChange, RowStore } from "./row-store.ts";

interface Commit {
  readonly changes: readonly RowChange[];
  /** bytesKey of each change's key. */
  readonly names: readonly string[];
  readonly done: () => void;
  readonly failed: (error: QkcError) => void;
}

/**
 * Rows with the commits that are on their way laid over them: a commit can be read at once, and its promise is
 * fulfilled when it is written. Commits are written in their order; those that come while one is being written go
 * into the next batch together, so that waiting for the disk is shared.
 *
 * A batch that could not be written ends all writing: LevelDB's log may have a torn record at its end now, behind
 * which nothing may be put; it is cut off when the database is opened again.
 */
export class GroupCommit {
  readonly #store: RowStore;
  readonly #sync: boolean;
  /** The newest change of each row that is on its way. */
  readonly #pending = new Map<string, RowChange>();
  #queue: Commit[] = [];
  #writing: Promise<void> | undefined;
  #failure: QkcError | undefined;
  #onFailure: (error: QkcError) => void = () => {};

  /** @param sync whether commits wait for the disk, or only for the operating system */
  constructor(store: RowStore, sync: boolean) {
    this.#store = store;
    this.#sync = sync;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (this.#pending.size > 0) {
      const pending = this.#pending.get(bytesKey(key));
      if (pending !== undefined) return pending.value ?? undefined;
    }
    return this.#store.get(key);
  }

  /** Calls `listener` when writing ends by an error. */
  onFailure(listener: (error: QkcError) => void): void {
    this.#onFailure = listener;
  }

  /** Throws the error that ended writing, if one did: what is in memory since then may be on no disk. */
  assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Rejects when this commit, or one before it, could not be written. */
  commit(changes: readonly RowChange[]): Promise<void> {
    this.assertWritable();
    const names = changes.map(({ key }) => bytesKey(key));
    for (const [i, change] of changes.entries()) this.#pending.set(names[i], change);
    return new Promise((done, failed) => {
      this.#queue.push({ changes, names, done, failed });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Fulfilled when every commit so far is written; rejects where one could not be. */
  async committed(): Promise<void> {
    await this.#writing;
    this.assertWritable();
  }

  /** Keys on the disk once all commits so far are written. */
  async keys(range: KeyRange, limit: number): Promise<Uint8Array[]> {
    await this.#writing;
    return await this.#store.keys(range, limit);
  }

  /** Finishes what was begun. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#store.close();
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const commits = this.#queue;
      this.#queue = [];
      const changes = commits.length === 1 ? commits[0].changes : commits.flatMap(({ changes }) => changes);
      try {
        await this.#store.write(changes, this.#sync);
      } catch (error) {
        this.#fail(error, commits);
        break;
      }
      for (const commit of commits) this.#settle(commit);
      for (const { done } of commits) done();
    }
    this.#writing = undefined;
  }

  #settle({ changes, names }: Commit): void {
    for (const [i, name] of names.entries()) {
      // A later commit may have changed the row again.
      if (this.#pending.get(name) === changes[i]) this.#pending.delete(name);
    }
  }

  #fail(error: unknown, commits: readonly Commit[]): void {
    const reason = reasonOf(error);
    this.#failure = new QkcError(
      "STORAGE",
      `the data directory cannot be written (${reason}): nothing was acknowledged since; free space or mend the disk, ` +
        "then start again",
      { cause: error },
    );
    for (const { failed } of [...commits, ...this.#queue]) failed(this.#failure);
    this.#queue = [];
    this.#onFailure(this.#failure);
  }
}
