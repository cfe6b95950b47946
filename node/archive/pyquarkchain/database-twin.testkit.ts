import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatBytes, uint32ToBytes } from "../../codec/bytes.ts";
import { maskedCrc32c } from "../sstable/checksum.ts";
import { openRocksDb } from "../sstable/rocksdb-store.ts";

const LOG_BLOCK_BYTES = 32 * 1024;
const RECORD_HEADER_BYTES = 7;
const RECORD = { full: 1, first: 2, middle: 3, last: 4 } as const;
const OP = { delete: 0, put: 1 } as const;

interface RowChange {
  readonly key: Uint8Array;
  /** Undefined deletes the row. */
  readonly value: Uint8Array | undefined;
}

/**
 * A copy of a pyquarkchain data directory whose rows can be changed. Changes are written the way RocksDB itself
 * would find them after a crash: as one batch in the write-ahead log.
 */
export class DatabaseTwin {
  readonly dir: string;
  readonly #changes = new Map<string, RowChange[]>();

  constructor(source: string) {
    this.dir = mkdtempSync(join(tmpdir(), "qkc-twin-"));
    cpSync(source, this.dir, { recursive: true });
  }

  /** `folder` is master.db or shard-<id>.db. */
  put(folder: string, key: Uint8Array, value: Uint8Array): this {
    return this.#change(folder, { key, value });
  }

  delete(folder: string, key: Uint8Array): this {
    return this.#change(folder, { key, value: undefined });
  }

  #change(folder: string, change: RowChange): this {
    this.#changes.set(folder, [...(this.#changes.get(folder) ?? []), change]);
    return this;
  }

  /** Writes the changes to the logs; each log must be empty, as a clean shutdown leaves it. */
  write(): this {
    for (const [folder, changes] of this.#changes) {
      const path = join(this.dir, folder);
      const log = this.#emptyLog(path);
      const reader = openRocksDb(path);
      const sequence = BigInt(reader.describe().lastSequence) + 1n;
      reader.close();
      appendFileSync(log, logRecords(writeBatch(sequence, changes)));
    }
    this.#changes.clear();
    return this;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #emptyLog(folder: string): string {
    const name = readdirSync(folder).find((file) => file.endsWith(".log"));
    if (name === undefined) throw new Error(`${folder} has no log to append to`);
    const path = join(folder, name);
    if (statSync(path).size !== 0) throw new Error(`${path} is not empty`);
    return path;
  }
}

function writeBatch(sequence: bigint, changes: readonly RowChange[]): Uint8Array {
  const header = new Uint8Array(12);
  const view = new DataView(header.buffer);
  view.setBigUint64(0, sequence, true);
  view.setUint32(8, changes.length, true);
  return concatBytes(header, ...changes.map(encodeChange));
}

function encodeChange({ key, value }: RowChange): Uint8Array {
  const keyPart = concatBytes(varint(key.length), key);
  if (value === undefined) return concatBytes(Uint8Array.of(OP.delete), keyPart);
  return concatBytes(Uint8Array.of(OP.put), keyPart, varint(value.length), value);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
  return Uint8Array.from(out);
}

/** Splits one payload over the log's 32 KiB blocks. */
function logRecords(payload: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (let first = true; first || offset < payload.length; first = false) {
    const piece = payload.subarray(offset, offset + LOG_BLOCK_BYTES - RECORD_HEADER_BYTES);
    offset += piece.length;
    const last = offset >= payload.length;
    const type = first ? (last ? RECORD.full : RECORD.first) : last ? RECORD.last : RECORD.middle;
    const crc = uint32ToBytes(maskedCrc32c(concatBytes(Uint8Array.of(type), piece))).reverse();
    parts.push(concatBytes(crc, Uint8Array.of(piece.length & 0xff, piece.length >> 8, type), piece));
  }
  return concatBytes(...parts);
}
