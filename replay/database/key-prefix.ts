import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";

/** The smallest key behind all that begin with `prefix`; undefined where there is none. */
function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  const end = prefix.findLastIndex((byte) => byte !== 0xff);
  if (end < 0) return undefined;
  const after = prefix.slice(0, end + 1);
  after[end]++;
  return after;
}

/** The first keys that begin with `prefix`, in order. */
export function keysWith(rows: KeyValueReader, prefix: Uint8Array, limit: number): Uint8Array[] {
  const keys: Uint8Array[] = [];
  const lt = afterPrefix(prefix);
  for (const { key } of rows.entries(lt === undefined ? { gte: prefix } : { gte: prefix, lt })) {
    keys.push(key);
    if (keys.length === limit) break;
  }
  return keys;
}

export function firstKeyWith(rows: KeyValueReader, prefix: Uint8Array): Uint8Array | undefined {
  return keysWith(rows, prefix, 1)[0];
}
