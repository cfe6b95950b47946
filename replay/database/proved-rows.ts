import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { bytesEqual, type Hash32 } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { keccak256 } from "../../node/codec/keccak.ts";

export type RowFault = "missing" | "altered" | "unreadable";

/** A row that hashes to its key, or why there is none: a walk goes on behind a fault where a check would stop. */
export type ProvedRow = { readonly bytes: Uint8Array } | { readonly fault: RowFault; readonly message: string };

/** Reads a trie node or code by its keccak. */
export function readProvedRow(rows: KeyValueReader, hash: Hash32): ProvedRow {
  let bytes: Uint8Array | undefined;
  try {
    bytes = rows.getSelfProving(hash);
  } catch (error) {
    if (!(error instanceof DatabaseDamagedError)) throw error;
    return { fault: "unreadable", message: error.message };
  }
  if (bytes === undefined) return { fault: "missing", message: "the row is not there" };
  if (bytesEqual(keccak256(bytes), hash)) return { bytes };
  return { fault: "altered", message: "the row does not hash to its key" };
}
