import { shown } from "./shown.ts";

/** Machine-readable class of an error; exit codes are derived from it in replay/cli. */
export type ErrorCode =
  | "USAGE"
  | "CONFIG"
  | "CODEC"
  | "DATABASE_DAMAGED"
  | "NOT_A_DATABASE"
  | "UNSUPPORTED"
  | "BLOCK_INVALID"
  | "TRANSACTION_INVALID"
  | "ENGINE"
  | "STORAGE"
  | "LINK"
  | "INTERRUPTED"
  | "INTERNAL";

/** A sentence, or its first line with those that belong to it. */
export type ErrorText = string | readonly string[];

/**
 * Root of every error this program throws on purpose. The message says what, where and what to do; what a file decided
 * of it is shown in an escaped form, since messages end on terminals, in logs and on pages.
 */
export class QkcError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: ErrorText, options?: ErrorOptions) {
    super(typeof message === "string" ? shown(message) : message.map(shown).join("\n"), options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** What a thrown value says, for the sentence around it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What lies at the bottom of it: stores and libraries hide what the system says in causes. */
export function rootReasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? rootReasonOf(error.cause) : reasonOf(error);
}

/** Bytes that do not follow the encoding they should have. */
export class CodecError extends QkcError {
  constructor(message: string, options?: ErrorOptions) {
    super("CODEC", message, options);
  }
}

/** A configuration that cannot be used. */
export class ConfigError extends QkcError {
  constructor(message: ErrorText, options?: ErrorOptions) {
    super("CONFIG", message, options);
  }
}

/** The command line, or a request to an API, asks for something that does not exist. */
export class UsageError extends QkcError {
  constructor(message: ErrorText, options?: ErrorOptions) {
    super("USAGE", message, options);
  }
}

/** Input that is well-formed but uses a feature this program does not implement. Never counted as clean. */
export class UnsupportedError extends QkcError {
  constructor(message: string, options?: ErrorOptions) {
    super("UNSUPPORTED", message, options);
  }
}

/** Where in a database the damage is; every field that is known is given. */
export interface DamageLocation {
  /** Path of the file. */
  readonly file?: string;
  /** Byte offset in the file. */
  readonly offset?: number;
  /** Key of the row, as a readable text or hex. */
  readonly key?: string;
}

/** A database that contradicts itself: bad checksum, torn file, missing or altered row. */
export class DatabaseDamagedError extends QkcError {
  readonly location: DamageLocation;

  constructor(message: string, location: DamageLocation = {}, options?: ErrorOptions) {
    const parts = [
      location.file === undefined ? "" : `file ${location.file}`,
      location.offset === undefined ? "" : `offset ${location.offset}`,
      location.key === undefined ? "" : `key ${location.key}`,
    ].filter((part) => part !== "");
    super("DATABASE_DAMAGED", parts.length === 0 ? message : `${message} (${parts.join(", ")})`, options);
    this.location = location;
  }
}

/** A folder that holds no database of a known kind. */
export class NotADatabaseError extends QkcError {
  constructor(message: string, options?: ErrorOptions) {
    super("NOT_A_DATABASE", message, options);
  }
}
