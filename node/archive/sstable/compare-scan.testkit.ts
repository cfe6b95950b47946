import { bytesEqual, toHex } from "../../codec/bytes.ts";
import type { KeyValueEntry, KeyValueReader, ScanRange } from "../key-value-reader.ts";

/** Throws an Error that says where a scan gives other rows than these. */
export function compareScan(db: KeyValueReader, range: ScanRange, rows: readonly KeyValueEntry[]): void {
  const name = `${range.reverse ? "backward" : "forward"} scan`;
  let at = 0;
  for (const { key, value } of db.entries(range)) {
    const row = rows[at++];
    if (row === undefined) throw new Error(`${name}: unexpected key ${toHex(key)}`);
    if (!bytesEqual(row.key, key)) throw new Error(`${name}: key ${toHex(key)} instead of ${toHex(row.key)}`);
    if (!bytesEqual(row.value, value)) throw new Error(`${name}: another value of key ${toHex(key)}`);
  }
  if (at !== rows.length) throw new Error(`${name}: ends after ${at} of ${rows.length} rows`);
}
