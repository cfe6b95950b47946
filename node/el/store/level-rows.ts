import type { ClassicLevel } from "classic-level";
import { DatabaseDamagedError, QkcError } from "../../codec/errors.ts";
import { SystemError } from "../../codec/system-error.ts";
import { hasCode, openLevel, rootCauseText } from "./open-level.ts";
import type { KeyRange, RowChange, RowStore } from "./row-store.ts";

const BLOCK_CACHE_BYTES = 32 * 1024 * 1024;
/** Bigger tables are merged less often: 4 times LevelDB's default. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

/** Rows in a LevelDB of our own, which one process at a time may open. */
export class LevelRows implements RowStore {
  readonly #db: ClassicLevel<Uint8Array, Uint8Array>;
  readonly #folder: string;

  private constructor(db: ClassicLevel<Uint8Array, Uint8Array>, folder: string) {
    this.#db = db;
    this.#folder = folder;
  }

  /**
   * Creates what is not there. Throws as openLevel does.
   * @param isShared whether other threads of this process open it too
   */
  static async open(folder: string, { isShared = false }: { readonly isShared?: boolean } = {}): Promise<LevelRows> {
    const db = await openLevel(folder, {
      cacheSize: BLOCK_CACHE_BYTES,
      writeBufferSize: WRITE_BUFFER_BYTES,
      multithreading: isShared,
    });
    return new LevelRows(db, folder);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#read(key);
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

  #read(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#db.getSync(key);
    } catch (error) {
      const reason = rootCauseText(error);
      if (hasCode(error, "LEVEL_CORRUPTION")) {
        throw new DatabaseDamagedError(`a table is damaged: ${reason}`, { file: this.#folder }, { cause: error });
      }
      if (hasCode(error, "LEVEL_IO_ERROR")) {
        throw new SystemError(this.#folder, "", `cannot read ${this.#folder}: ${reason}`, { cause: error });
      }
      throw error;
    }
  }
}

/** LevelDB's binding hands Buffers out, whose slice() is a view. */
function plainBytes({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
