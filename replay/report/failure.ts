import { type DamageLocation, DatabaseDamagedError, QkcError } from "../../node/codec/errors.ts";
import { shown } from "../../node/codec/shown.ts";
import type { Report } from "./schema.ts";

/** Why a run could not go on, as plain data: errors lose their fields between threads. */
export interface RunFailure {
  /** An ErrorCode, or CRASH where a worker thread died. */
  readonly code: string;
  readonly message: string;
  readonly location: DamageLocation;
  /** For a defect of the program: where it happened. */
  readonly stack: string | undefined;
}

/** A thrown value as plain data. */
export function describeFailure(error: unknown): RunFailure {
  if (error instanceof QkcError) {
    const location = error instanceof DatabaseDamagedError ? error.location : {};
    const stack = error.code === "INTERNAL" ? error.stack : undefined;
    return { code: error.code, message: error.message, location, stack };
  }
  if (isFileError(error)) return { code: "STORAGE", message: shown(error.message), location: {}, stack: undefined };
  if (error instanceof Error) {
    const message = shown(`${error.name}: ${error.message}`);
    return { code: "INTERNAL", message, location: {}, stack: [message, ...framesOf(error)].join("\n") };
  }
  return { code: "INTERNAL", message: shown(String(error)), location: {}, stack: undefined };
}

/** Where it happened, without the message that a stack begins with. */
function framesOf({ stack = "" }: Error): string[] {
  return stack
    .split("\n")
    .filter((line) => /^ {4}at /.test(line))
    .map(shown);
}

/** What the operating system says to a file's use names the file: a full disk, a folder that cannot be written. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && !("address" in error) && !("hostname" in error);
}

/** Whether a failure says something about the database rather than about the run. */
export function isFinding(failure: RunFailure): boolean {
  return failure.code === "DATABASE_DAMAGED" || failure.code === "UNSUPPORTED";
}

/** A failure in its place in the report. */
export function failureFindings(failure: RunFailure | undefined): Pick<Report, "damage" | "unsupported" | "error"> {
  const none = { damage: [], unsupported: [], error: null };
  if (failure === undefined) return none;
  const { code, message, location } = failure;
  const nowhere = { fullShardId: null, height: null, hash: null, rootHeight: null, message };
  if (code === "UNSUPPORTED") return { ...none, unsupported: [nowhere] };
  if (code !== "DATABASE_DAMAGED") return { ...none, error: { code, message } };
  const { file = null, offset = null, key = null } = location;
  return { ...none, damage: [{ ...nowhere, file, offset, key }] };
}
