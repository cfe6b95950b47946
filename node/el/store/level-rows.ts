import { mkdir } from "node:fs/promises";
import { ClassicLevel } from "classic-level";
import { QkcError, UsageError } from "../../codec/errors.ts";
import { isLevelLocked } from "./level-locked.ts";
import type { KeyRange, RowChange, RowStore } from "./row-store.ts";

const BLOCK_CACHE_BYTES = 32 * 1024 * 1024;
/** Bigger tables are merged less often: 4 times LevelDB's default. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

/** Rows in a LevelDB of our own, which one process at a time may open. */
export class LevelRows implements RowStore {
  readonly #db: ClassicLevel<Uint8Array, Uint8Array>;

  private constructor(db: ClassicLevel<Uint8Array, Uint8Array>) {
    this.#db = db;
  }

  /**
   * Creates what is not there. Throws UsageError where another process has the folder, or it cannot be used.
   * @param isShared whether other threads of this process open it too
   */
  static async open(folder: string, { isShared = false }: { readonly isShared?: boolean } = {}): Promise<LevelRows> {
    const db = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
      keyEncoding: "view",
      valueEncoding: "view",
      cacheSize: BLOCK_CACHE_BYTES,
      writeBufferSize: WRITE_BUFFER_BYTES,
      multithreading: isShared,
    });
    try {
      await mkdir(folder, { recursive: true });
      await db.open();
    } catch (error) {
      await db.close();
      if (isLevelLocked(error)) throw new UsageError(`${folder} is in use by another process: stop it first`);
      throw new UsageError(`${folder} cannot be opened: ${rootCauseText(error)}`, { cause: error });
    }
    return new LevelRows(db);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#db.getSync(key);
    return value === undefined ? undefined : plainBytes(value);
  }

  async write(changes: readonly RowChange[], sync: boolean): Promise<void> {
    const batch = this.#db.batch();
    for (const { key, value } of changes) {
      if (value === null) batch.del(key);
      else batch.put(key, value);
    }
    try {
      await batch.write({ sync });
    } catch (error) {
      throw new QkcError("INTERNAL", rootCauseText(error), { cause: error });
    }
  }

  async keys({ from, to }: KeyRange, limit: number): Promise<Uint8Array[]> {
    const keys = await this.#db.keys({ gte: from, lt: to, limit }).all();
    return keys.map(plainBytes);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

/** LevelDB's binding hands Buffers out, whose slice() is a view. */
function plainBytes({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** classic-level hides why a database does not open in the cause of the error. */
function rootCauseText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : rootCauseText(error.cause);
}
