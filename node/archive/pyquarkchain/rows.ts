import { asHash32, type Hash32 } from "../../codec/bytes.ts";
import { CodecError, type DamageLocation, DatabaseDamagedError } from "../../codec/errors.ts";
import type { KeyValueReader } from "../key-value-reader.ts";
import { describeKey } from "./keys.ts";

function keyLocation(key: Uint8Array): DamageLocation {
  return { key: describeKey(key) };
}

/** The value of a row that has to be there. */
export function requireRow(rows: KeyValueReader, database: string, key: Uint8Array, what: string): Uint8Array {
  const value = rows.get(key);
  if (value === undefined) throw missingRow(database, key, what);
  return value;
}

function missingRow(database: string, key: Uint8Array, what: string): DatabaseDamagedError {
  return new DatabaseDamagedError(`missing row in ${database}: ${what} not found`, keyLocation(key));
}

/** A stored object that is not what it says: the header under `key` hashes to something else. */
export function alteredRow(database: string, key: Uint8Array, what: string): DatabaseDamagedError {
  return new DatabaseDamagedError(
    `altered row in ${database}: the ${what} stored there does not hash to its key`,
    keyLocation(key),
  );
}

/** Decodes a row's value; what does not decode is damage, named by database and key. */
export function decodeRow<T>(
  database: string,
  key: Uint8Array,
  value: Uint8Array,
  decode: (bytes: Uint8Array) => T,
): T {
  try {
    return decode(value);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new DatabaseDamagedError(`altered row in ${database}: ${error.message}`, keyLocation(key), { cause: error });
  }
}

/** A row that holds a hash, or undefined where the row is absent or empty (pyquarkchain writes b"" for "none"). */
export function optionalHash(rows: KeyValueReader, database: string, key: Uint8Array): Hash32 | undefined {
  const value = rows.get(key);
  if (value === undefined || value.length === 0) return undefined;
  return decodeRow(database, key, value, asHash32);
}
