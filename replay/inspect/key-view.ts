import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { concatBytes, fromHex, toHex, utf8 } from "../../node/codec/bytes.ts";
import { CodecError, UsageError } from "../../node/codec/errors.ts";
import type { Inspected } from "../database/inspected.ts";
import { keysWith } from "../database/key-prefix.ts";
import { wholeNumber } from "../database/reference.ts";
import { namedShard } from "../database/shard-heights.ts";
import { grouped } from "../text/grouped.ts";
import { fieldTable } from "../text/table.ts";
import type { View } from "./view.ts";

const BYTES_A_LINE = 16;
/** Nobody reads more in this form, and a row may have a thousand times as much. */
const MOST_DUMPED = 2 ** 20;
/** Keys with the same start that are named where the key is not there. */
const NEAR_KEYS = 3;

/** A row as it is stored. */
export interface StoredRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * Looks a row up. `database` is "root" or a full shard id. Throws UsageError naming keys that begin alike where there
 * is no such row.
 */
export function storedRow(inspected: Inspected, database: string, keyText: string): StoredRow {
  const rows = rowsOf(inspected, database);
  const key = parseKey(keyText);
  const value = rows.get(key);
  if (value !== undefined) return { key, value };
  const near = nearKeys(rows, key).map((found) => inspected.rows.describeKey(found));
  const suggestion = near.length === 0 ? "" : `; keys that begin alike: ${near.join(", ")}`;
  throw new UsageError(`no row ${inspected.rows.describeKey(key)} in the database of ${database}${suggestion}`);
}

/** `qkc inspect key`: the bytes of a row. */
export function keyView(inspected: Inspected, database: string, keyText: string): View {
  const { key, value } = storedRow(inspected, database, keyText);
  const name = inspected.rows.describeKey(key);
  const json = { database, key: name, keyHex: toHex(key), length: value.length, value: toHex(value) };
  const fields = fieldTable([
    ["key", name],
    ["key bytes", toHex(key)],
    ["value", `${grouped(value.length)} bytes`],
  ]);
  return { json, text: value.length === 0 ? [fields] : [fields, hexDump(value)] };
}

function rowsOf({ source, rows }: Inspected, database: string): KeyValueReader {
  if (database !== "root") {
    return namedShard(source, wholeNumber(database, `database "${database}": expected "root" or a full shard id`)).rows;
  }
  if (rows.rootRows === undefined) throw new UsageError("the root chain's database is not there");
  return rows.rootRows;
}

/**
 * Parts with + between them, each text or 0x and hex: `tipHash`, `mi_120`, `0x5f…`, `mblock_+0x5f…`. A prefix that ends in
 * _ or is one of a hash may be followed by 64 hex digits directly: `mblock_5f…`.
 */
function parseKey(text: string): Uint8Array {
  try {
    return concatBytes(...text.split("+").map(parsePart));
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new UsageError(`key "${text}": ${error.message}`);
  }
}

function parsePart(part: string): Uint8Array {
  if (/^0[xX]/.test(part)) return fromHex(part, "hex part");
  const named = /^([A-Za-z_]*?)([0-9a-fA-F]{64}|[0-9a-fA-F]{72})$/.exec(part);
  return named === null ? utf8(part) : concatBytes(utf8(named[1]), fromHex(named[2]));
}

function nearKeys(rows: KeyValueReader, key: Uint8Array): Uint8Array[] {
  for (let length = key.length - 1; length > 0; length--) {
    const near = keysWith(rows, key.subarray(0, length), NEAR_KEYS);
    if (near.length > 0) return near;
  }
  return [];
}

/** Offset, bytes, and the characters that they would be; of a long row its beginning. */
function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  const end = Math.min(bytes.length, MOST_DUMPED);
  for (let at = 0; at < end; at += BYTES_A_LINE) {
    const line = bytes.subarray(at, Math.min(at + BYTES_A_LINE, end));
    const hex = Array.from(line, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(BYTES_A_LINE * 3 - 1)}  ${text}`);
  }
  if (end < bytes.length) lines.push(`… ${grouped(bytes.length - end)} bytes more: --raw writes them all`);
  return lines.join("\n");
}
