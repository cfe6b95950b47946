import { asHash32, type Hash32 } from "../codec/bytes.ts";
import { CodecError, type DamageLocation, DatabaseDamagedError } from "../codec/errors.ts";
import { operations } from "../measure/operations.ts";
import { DECODE, enterStage, leaveStage } from "../measure/stages.ts";
import type { KeyValueReader } from "./key-value-reader.ts";

/** A database as messages name it. */
export interface NamedDatabase {
  /** Its folder, as people tell the databases of one data directory apart. */
  readonly name: string;
  /** Readable form of one of its keys. */
  describeKey(key: Uint8Array): string;
}

function keyLocation(database: NamedDatabase, key: Uint8Array): DamageLocation {
  return { key: database.describeKey(key) };
}

/** The value of a row that has to be there. */
export function requireRow(rows: KeyValueReader, database: NamedDatabase, key: Uint8Array, what: string): Uint8Array {
  const value = rows.get(key);
  if (value === undefined) throw missingRow(database, key, what);
  return value;
}

function missingRow(database: NamedDatabase, key: Uint8Array, what: string): DatabaseDamagedError {
  return new DatabaseDamagedError(`missing row in ${database.name}: ${what} not found`, keyLocation(database, key));
}

/** A stored object that is not what it says: the header under `key` hashes to something else. */
export function alteredRow(database: NamedDatabase, key: Uint8Array, what: string): DatabaseDamagedError {
  return new DatabaseDamagedError(
    `altered row in ${database.name}: the ${what} stored there does not hash to its key`,
    keyLocation(database, key),
  );
}

/** Decodes a row's value; what does not decode is damage, named by database and key. */
export function decodeRow<T>(
  database: NamedDatabase,
  key: Uint8Array,
  value: Uint8Array,
  decode: (bytes: Uint8Array) => T,
): T {
  operations.decodes++;
  const outer = enterStage(DECODE);
  try {
    return decode(value);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new DatabaseDamagedError(`altered row in ${database.name}: ${error.message}`, keyLocation(database, key), {
      cause: error,
    });
  } finally {
    leaveStage(outer);
  }
}

/** Undefined where there is no row. */
export function optionalRow<T>(
  rows: KeyValueReader,
  database: NamedDatabase,
  key: Uint8Array,
  decode: (bytes: Uint8Array) => T,
): T | undefined {
  const value = rows.get(key);
  return value === undefined ? undefined : decodeRow(database, key, value, decode);
}

/** A row that holds a hash, or undefined where the row is absent or empty (pyquarkchain writes b"" for "none"). */
export function optionalHash(rows: KeyValueReader, database: NamedDatabase, key: Uint8Array): Hash32 | undefined {
  const value = rows.get(key);
  if (value === undefined || value.length === 0) return undefined;
  return decodeRow(database, key, value, asHash32);
}
