import { ownBytes } from "../../codec/byte-slab.ts";
import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import type { Block } from "./block.ts";

/** Last byte (lowest of the little-endian suffix) of an internal key (RocksDB db/dbformat.h: ValueType). */
const DELETION = 0x00;
const VALUE = 0x01;
const SINGLE_DELETION = 0x07;
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x02, "merge operands"],
  [0x0f, "range deletions"],
  [0x11, "blob files"],
  [0x14, "user-defined timestamps"],
  [0x16, "wide-column entities"],
  [0x18, "timed puts"],
]);

/** A copy of a row's value, or null where the row deletes its key. Throws UnsupportedError for other rows. */
export function rowValue(type: number, block: Block, start: number, end: number): Uint8Array | null {
  if (type === VALUE) return ownBytes(block.bytes, start, end);
  if (type === DELETION || type === SINGLE_DELETION) return null;
  const feature = REFUSED.get(type);
  if (feature !== undefined) throw new UnsupportedError(`${block.origin.file}: ${feature} are not read`);
  throw new DatabaseDamagedError(`unknown row type ${type}`, block.origin);
}
