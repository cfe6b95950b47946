import { UnsupportedError } from "../../codec/errors.ts";
import { Decoder, type Origin } from "./decoder.ts";

/** Field tags of a MANIFEST record (RocksDB db/version_edit.h: Tag); LevelDB knows those below 10. */
const COMPARATOR = 1;
const LOG_NUMBER = 2;
const NEXT_FILE_NUMBER = 3;
const LAST_SEQUENCE = 4;
const COMPACT_CURSOR = 5;
const DELETED_FILE = 6;
const NEW_FILE = 7;
const PREVIOUS_LOG_NUMBER = 9;
const MIN_LOG_NUMBER_TO_KEEP = 10;
const NEW_FILE_2 = 100;
const NEW_FILE_3 = 102;
const NEW_FILE_4 = 103;
const COLUMN_FAMILY = 200;
const COLUMN_FAMILY_ADD = 201;
const COLUMN_FAMILY_DROP = 202;
const MAX_COLUMN_FAMILY = 203;
const IN_ATOMIC_GROUP = 300;
const BLOB_FILE_ADDITION = 400;
const BLOB_FILE_GARBAGE = 401;
/** Unknown tags with this bit are length-prefixed and may be skipped. */
const IGNORABLE = 1 << 13;
const OLD_BLOB_FILE_ADDITION = IGNORABLE + 2;
const OLD_BLOB_FILE_GARBAGE = IGNORABLE + 3;
const OLD_WAL_ADDITION = IGNORABLE + 4;
const OLD_WAL_DELETION = IGNORABLE + 5;
const WAL_ADDITION = IGNORABLE + 7;
const WAL_DELETION = IGNORABLE + 8;

/** Fields of NEW_FILE_4 (NewFileCustomTag). */
const FIELD_END = 1;
const FIELD_MIN_LOG_NUMBER = 3;
const FIELD_OLDEST_BLOB_FILE = 4;
const FIELD_MIN_TIMESTAMP = 10;
const FIELD_MAX_TIMESTAMP = 11;
const FIELD_EPOCH = 13;
const FIELD_TIMESTAMPS_PERSISTED = 16;
const FIELD_PATH_ID = 65;
const FIELD_MUST_BE_KNOWN = 1 << 6;

const WAL_SYNCED_SIZE = 2;
const WAL_ADDITION_END = 1;
/** Sequence number and value type behind a user key. */
export const INTERNAL_KEY_SUFFIX = 8;
const MAX_LEVELS = 64;

/** A live table as the MANIFEST describes it. */
export interface TableFile {
  readonly level: number;
  readonly number: number;
  /** Bytes. */
  readonly size: number;
  /** First and last internal key: user key, then sequence number and type in 8 little-endian bytes. */
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  /** Zero where the MANIFEST's dialect does not carry it. */
  readonly smallestSequence: number;
  readonly largestSequence: number;
  /** Order of flushes, larger is newer; zero when unknown. */
  readonly epoch: number;
}

/** One record of a MANIFEST: what changed in the set of live files. */
export interface VersionEdit {
  comparator?: string;
  logNumber?: number;
  nextFileNumber?: number;
  lastSequence?: number;
  minLogNumberToKeep?: number;
  columnFamily: number;
  columnFamilyAdded?: string;
  columnFamilyDropped: boolean;
  /** Records still to come that must be applied together with this one. */
  atomicGroupRest?: number;
  readonly deletedFiles: { readonly level: number; readonly number: number }[];
  readonly newFiles: TableFile[];
  /** Logs with the size that was synced when the record was written. */
  readonly syncedLogs: { readonly number: number; readonly size: number }[];
  deleteLogsBefore?: number;
}

/**
 * Decodes one MANIFEST record. Throws DatabaseDamagedError for bytes that are no version edit and UnsupportedError for
 * features that change what the tables mean.
 */
export function decodeVersionEdit(payload: Uint8Array, origin: Origin): VersionEdit {
  const input = new Decoder(payload, origin);
  const edit: VersionEdit = {
    columnFamily: 0,
    columnFamilyDropped: false,
    deletedFiles: [],
    newFiles: [],
    syncedLogs: [],
  };
  while (!input.done) decodeField(input, edit, origin);
  return edit;
}

function decodeField(input: Decoder, edit: VersionEdit, origin: Origin): void {
  const tag = input.varint32("manifest tag");
  switch (tag) {
    case COMPARATOR:
      edit.comparator = text(input.prefixed("comparator name"));
      break;
    case LOG_NUMBER:
      edit.logNumber = input.safeVarint("log number");
      break;
    case PREVIOUS_LOG_NUMBER:
      input.varint("previous log number");
      break;
    case NEXT_FILE_NUMBER:
      edit.nextFileNumber = input.safeVarint("next file number");
      break;
    case LAST_SEQUENCE:
      edit.lastSequence = input.varint("last sequence number");
      break;
    case MIN_LOG_NUMBER_TO_KEEP:
      edit.minLogNumberToKeep = input.safeVarint("smallest log number to keep");
      break;
    case COMPACT_CURSOR:
      decodeLevel(input);
      decodeInternalKey(input, "compaction cursor");
      break;
    case DELETED_FILE:
      edit.deletedFiles.push({ level: decodeLevel(input), number: input.safeVarint("deleted file number") });
      break;
    case NEW_FILE:
    case NEW_FILE_2:
    case NEW_FILE_3:
    case NEW_FILE_4:
      edit.newFiles.push(decodeNewFile(input, tag, edit, origin));
      break;
    case COLUMN_FAMILY:
      edit.columnFamily = input.varint32("column family");
      break;
    case COLUMN_FAMILY_ADD:
      edit.columnFamilyAdded = text(input.prefixed("column family name"));
      break;
    case COLUMN_FAMILY_DROP:
      edit.columnFamilyDropped = true;
      break;
    case MAX_COLUMN_FAMILY:
      input.varint32("largest column family");
      break;
    case IN_ATOMIC_GROUP:
      edit.atomicGroupRest = input.varint32("rest of atomic group");
      break;
    case BLOB_FILE_ADDITION:
    case BLOB_FILE_GARBAGE:
    case OLD_BLOB_FILE_ADDITION:
    case OLD_BLOB_FILE_GARBAGE:
      throw unsupported(origin, "blob files");
    case OLD_WAL_ADDITION:
      decodeLogAddition(input, edit);
      break;
    case WAL_ADDITION:
      decodeLogAddition(new Decoder(input.prefixed("log addition"), origin), edit);
      break;
    case OLD_WAL_DELETION:
      edit.deleteLogsBefore = input.safeVarint("deleted log number");
      break;
    case WAL_DELETION:
      edit.deleteLogsBefore = new Decoder(input.prefixed("log deletion"), origin).safeVarint("deleted log number");
      break;
    default:
      if ((tag & IGNORABLE) === 0) throw input.damage(`unknown manifest tag ${tag}`);
      input.prefixed("field of a newer version");
  }
}

function decodeNewFile(input: Decoder, tag: number, edit: VersionEdit, origin: Origin): TableFile {
  const level = decodeLevel(input);
  const number = input.safeVarint("table number");
  if (tag === NEW_FILE_3 && input.varint32("path id") !== 0) throw unsupported(origin, "further database paths");
  const size = input.safeVarint("table size");
  const smallest = decodeInternalKey(input, "smallest key");
  const largest = decodeInternalKey(input, "largest key");
  const smallestSequence = tag === NEW_FILE ? 0 : input.varint("smallest sequence number");
  const largestSequence = tag === NEW_FILE ? 0 : input.varint("largest sequence number");
  const epoch = tag === NEW_FILE_4 ? decodeNewFileFields(input, edit, origin) : 0;
  return { level, number, size, smallest, largest, smallestSequence, largestSequence, epoch };
}

/** The tagged fields at the end of NEW_FILE_4; returns the epoch number. */
function decodeNewFileFields(input: Decoder, edit: VersionEdit, origin: Origin): number {
  let epoch = 0;
  for (;;) {
    const field = input.varint32("table field");
    if (field === FIELD_END) return epoch;
    const length = input.varint32("length of table field");
    const start = input.position;
    const bytes = input.view(length, "table field");
    const value = new Decoder(bytes, { file: origin.file, offset: origin.offset + start });
    switch (field) {
      case FIELD_MIN_LOG_NUMBER:
        edit.minLogNumberToKeep = Number(value.fixed64("smallest log number to keep"));
        break;
      case FIELD_EPOCH:
        epoch = value.varint("epoch number");
        break;
      case FIELD_OLDEST_BLOB_FILE:
        throw unsupported(origin, "blob files");
      case FIELD_MIN_TIMESTAMP:
      case FIELD_MAX_TIMESTAMP:
      case FIELD_TIMESTAMPS_PERSISTED:
        throw unsupported(origin, "user-defined timestamps");
      case FIELD_PATH_ID:
        if (value.byte("path id") !== 0) throw unsupported(origin, "further database paths");
        break;
      default:
        if ((field & FIELD_MUST_BE_KNOWN) !== 0) throw unsupported(origin, `table field ${field} of a newer version`);
    }
  }
}

function decodeLogAddition(input: Decoder, edit: VersionEdit): void {
  const number = input.safeVarint("log number");
  for (;;) {
    const tag = input.varint32("log field");
    if (tag === WAL_ADDITION_END) return;
    if (tag !== WAL_SYNCED_SIZE) throw input.damage(`unknown log field ${tag}`);
    edit.syncedLogs.push({ number, size: input.safeVarint("synced size") });
  }
}

function decodeLevel(input: Decoder): number {
  const level = input.varint32("level");
  if (level >= MAX_LEVELS) throw input.damage(`implausible level ${level}`);
  return level;
}

function decodeInternalKey(input: Decoder, what: string): Uint8Array {
  const key = input.prefixed(what);
  if (key.length < INTERNAL_KEY_SUFFIX) throw input.damage(`${what} is too short`);
  return key.slice();
}

function unsupported(origin: Origin, feature: string): UnsupportedError {
  return new UnsupportedError(`${origin.file}: ${feature} are not read`);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
