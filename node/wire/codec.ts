import type { Address, Hash32 } from "../codec/bytes.ts";
import { bytesKey } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { type QkcAddress, readQkcAddress, WireReader, WireWriter, writeQkcAddress } from "../codec/wire.ts";

/** How one kind of value stands on the wire. */
export interface Codec<T> {
  /** Smallest encoding: bounds the count of a list before anything is allocated for it. */
  readonly minimumBytes: number;
  /** Throws CodecError naming the field; what follows the value stays unread. */
  read(reader: WireReader, what: string): T;
  write(writer: WireWriter, value: T): void;
}

/** The values that a codec reads and writes. */
export type Value<C> = C extends Codec<infer T> ? T : never;

/** Bytes behind the object are ignored, as pyquarkchain does (quarkchain/core.py Serializable.deserialize). */
export function decode<T>(codec: Codec<T>, payload: Uint8Array, what: string): T {
  return codec.read(new WireReader(payload), what);
}

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new WireWriter();
  codec.write(writer, value);
  return writer.finish();
}

type Fields = { readonly [name: string]: Codec<unknown> };
type Struct<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> };

/** Fields one after the other, in the order in which they are named. */
export function struct<F extends Fields>(fields: F): Codec<Struct<F>> {
  const entries = Object.entries(fields);
  return {
    minimumBytes: entries.reduce((sum, [, { minimumBytes }]) => sum + minimumBytes, 0),
    read: (reader, what) => {
      const value: { [name: string]: unknown } = {};
      for (const [name, codec] of entries) value[name] = codec.read(reader, `${what} ${name}`);
      return value as Struct<F>;
    },
    write: (writer, value) => {
      for (const [name, codec] of entries) codec.write(writer, value[name]);
    },
  };
}

/** A list with a 4-byte count; more than `most` items are refused. */
export function list<T>(item: Codec<T>, most = Number.POSITIVE_INFINITY): Codec<readonly T[]> {
  return countedList(item, most, 4);
}

/** A list with a 1-byte count. */
export function shortList<T>(item: Codec<T>): Codec<readonly T[]> {
  return countedList(item, 255, 1);
}

function countedList<T>(item: Codec<T>, most: number, countBytes: 1 | 4): Codec<readonly T[]> {
  return {
    minimumBytes: countBytes,
    read: (reader, what) => {
      const count = countBytes === 1 ? reader.uint8(what) : reader.uint32(what);
      if (count > most) throw new CodecError(`${what}: ${count} items, at most ${most} are allowed`);
      return reader.items(what, count, item.minimumBytes, () => item.read(reader, what));
    },
    write: (writer, items) => {
      if (countBytes === 1) writer.uint8(items.length);
      else writer.uint32(items.length);
      for (const each of items) item.write(writer, each);
    },
  };
}

/** A byte that says whether a value follows. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    minimumBytes: 1,
    read: (reader, what) => (reader.uint8(what) === 0 ? undefined : codec.read(reader, what)),
    write: (writer, value) => {
      writer.boolean(value !== undefined);
      if (value !== undefined) codec.write(writer, value);
    },
  };
}

/** Pairs with distinct hashes, ascending (core.py PrependedSizeMapSerializer). */
export function hashMap<T>(value: Codec<T>): Codec<readonly (readonly [Hash32, T])[]> {
  const pairs = list<readonly [Hash32, T]>({
    minimumBytes: 32 + value.minimumBytes,
    read: (reader, what) => [reader.hash32(what), value.read(reader, what)],
    write: (writer, [hash, item]) => value.write(writer.raw(hash), item),
  });
  return {
    ...pairs,
    write: (writer, entries) =>
      pairs.write(
        writer,
        [...entries].sort(([a], [b]) => (bytesKey(a) < bytesKey(b) ? -1 : 1)),
      ),
  };
}

/** A value whose reader and writer stand elsewhere. */
export function from<T>(
  minimumBytes: number,
  read: (reader: WireReader, what: string) => T,
  write: (writer: WireWriter, value: T) => void,
): Codec<T> {
  return { minimumBytes, read, write };
}

export const u8 = from<number>(
  1,
  (reader, what) => reader.uint8(what),
  (writer, value) => writer.uint8(value),
);
export const u16 = from<number>(
  2,
  (reader, what) => reader.uint16(what),
  (writer, value) => writer.uint16(value),
);
export const u32 = from<number>(
  4,
  (reader, what) => reader.uint32(what),
  (writer, value) => writer.uint32(value),
);
/** Heights and times too: what is asked may lie beyond any that exist. */
export const u64 = from<bigint>(
  8,
  (reader, what) => reader.uint64(what),
  (writer, value) => writer.uint64(value),
);
export const u256 = from<bigint>(
  32,
  (reader, what) => reader.uint256(what),
  (writer, value) => writer.uint256(value),
);
/** One byte of length, then as many bytes. */
export const big = from<bigint>(
  1,
  (reader, what) => reader.biguint(what),
  (writer, value) => writer.biguint(value),
);
export const bool = from<boolean>(
  1,
  (reader, what) => reader.boolean(what),
  (writer, value) => writer.boolean(value),
);
export const hash32 = from<Hash32>(
  32,
  (reader, what) => reader.hash32(what),
  (writer, value) => writer.raw(value),
);
export const recipient = from<Address>(
  20,
  (reader, what) => reader.address(what),
  (writer, value) => writer.raw(value),
);
/** An account and the shard key it is used with: 24 bytes. */
export const qkcAddress = from<QkcAddress>(24, readQkcAddress, writeQkcAddress);
/** Four bytes of length, then as many bytes. */
export const bytes = from<Uint8Array>(
  4,
  (reader, what) => reader.bytes32(what),
  (writer, value) => writer.bytes32(value),
);
/** As bytes, for a text of ASCII. */
export const text = from<string>(
  4,
  (reader, what) => Buffer.from(reader.bytes32(what)).toString("latin1"),
  (writer, value) => writer.bytes32(Buffer.from(value, "latin1")),
);
/** One byte of length, then as many bytes. */
export const shortBytes = from<Uint8Array>(
  1,
  (reader, what) => reader.raw(reader.uint8(what), what),
  (writer, value) => writer.uint8(value.length).raw(value),
);

export function fixedBytes(length: number): Codec<Uint8Array> {
  return from(
    length,
    (reader, what) => reader.raw(length, what),
    (writer, value) => {
      if (value.length !== length) throw new CodecError(`${length} bytes belong here, got ${value.length}`);
      writer.raw(value);
    },
  );
}
