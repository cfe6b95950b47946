import type { KeyValueEntry, KeyValueReader, ScanRange } from "../../node/archive/key-value-reader.ts";
import { bytesKey } from "../../node/codec/bytes.ts";

/** The rows that were read of a data directory, by the folder of their database. */
export class RowRecorder {
  readonly folders = new Map<string, Map<string, KeyValueEntry>>();

  /** Databases are opened with this put around their rows. */
  readonly wrapRows = (rows: KeyValueReader, folder: string): KeyValueReader => {
    const read = this.folders.get(folder) ?? new Map<string, KeyValueEntry>();
    this.folders.set(folder, read);
    return new RecordedReader(rows, read);
  };
}

class RecordedReader implements KeyValueReader {
  readonly #rows: KeyValueReader;
  readonly #read: Map<string, KeyValueEntry>;

  constructor(rows: KeyValueReader, read: Map<string, KeyValueEntry>) {
    this.#rows = rows;
    this.#read = read;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#recorded(key, this.#rows.get(key));
  }

  getSelfProving(key: Uint8Array): Uint8Array | undefined {
    return this.#recorded(key, this.#rows.getSelfProving(key));
  }

  has(key: Uint8Array): boolean {
    // Whoever finds the row there may not read it, but it has to be there again.
    return this.#rows.has(key) && this.get(key) !== undefined;
  }

  *entries(range?: ScanRange): Generator<KeyValueEntry> {
    for (const entry of this.#rows.entries(range)) {
      this.#recorded(entry.key, entry.value);
      yield entry;
    }
  }

  close(): void {
    this.#rows.close();
  }

  /** Copies: both arrays belong to the caller. */
  #recorded(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
    if (value !== undefined) this.#read.set(bytesKey(key), { key: key.slice(), value: value.slice() });
    return value;
  }
}
