import { z } from "zod";
import { type Address, asAddress, asHash32, bytesKey, type Hash32, toHex } from "../../codec/bytes.ts";
import { type QkcAddress, WireReader, WireWriter, writeQkcAddress } from "../../codec/wire.ts";

/**
 * The two kinds of text that the Engine API is made of (execution-apis src/schemas/base-types.yaml): DATA for bytes and
 * QUANTITY for numbers. A schema decodes, the function of the same name with `To` encodes.
 */

const DATA_PATTERN = "^0x(?:[a-fA-F0-9]{2})*$";
const QUANTITY = /^0x(?:0|[a-fA-F1-9][a-fA-F0-9]*)$/;
/** Longest number that QuarkChain's own serialisation has room for (core.py BigUintSerializer): one length byte. */
const MOST_BIGUINT_BYTES = 255;

/** DATA of `least` to `most` bytes. */
export function dataOfLength(least: number, most: number) {
  const wanted = least === most ? `${least} bytes` : `${least} to ${most} bytes`;
  return z
    .string()
    .meta({ pattern: DATA_PATTERN, minLength: 2 + 2 * least, ...(most < Infinity ? { maxLength: 2 + 2 * most } : {}) })
    .transform((text, context): Uint8Array => {
      const bytes = bytesOfData(text);
      if (bytes === undefined) context.addIssue("DATA has to be 0x and pairs of hex digits");
      else if (bytes.length < least || bytes.length > most) {
        context.addIssue(`DATA of ${wanted} expected, got ${bytes.length}`);
      }
      return bytes ?? z.NEVER;
    });
}

/** Undefined where the text is not DATA. */
function bytesOfData(text: string): Uint8Array | undefined {
  if (!text.startsWith("0x")) return undefined;
  // Buffer.from stops at the first character that is no hex digit, and drops a lone last one.
  const bytes = Buffer.from(text.slice(2), "hex");
  return bytes.length * 2 + 2 === text.length ? new Uint8Array(bytes) : undefined;
}

/** DATA of any length: the size of a request bounds it. */
export const bytesField = dataOfLength(0, Number.POSITIVE_INFINITY);
export const bytes16Field = dataOfLength(0, 0xffff);
export const bloomField = dataOfLength(256, 256);
export const hashField = dataOfLength(32, 32).transform((bytes): Hash32 => asHash32(bytes));
export const addressField = dataOfLength(20, 20).transform((bytes): Address => asAddress(bytes));
/** An account as the key of a map (bytesKey). */
export const addressKeyField = dataOfLength(20, 20).transform(bytesKey);
/** Recipient and full shard key in one: 24 bytes. */
export const qkcAddressField = dataOfLength(24, 24).transform((bytes): QkcAddress => {
  const reader = new WireReader(bytes);
  return { recipient: reader.address("recipient"), fullShardKey: reader.uint32("full shard key") };
});
/** 8 bytes that stay text. */
export const payloadIdField = z
  .string()
  .regex(/^0x[0-9a-fA-F]{16}$/, "a payload id is DATA of 8 bytes")
  .transform((text) => text.toLowerCase());

function quantity(mostBytes: number) {
  return z
    .string()
    .max(2 + 2 * mostBytes, `a QUANTITY of at most ${mostBytes} bytes expected`)
    .regex(QUANTITY, "QUANTITY has to be 0x and hex digits without leading zeros")
    .transform((text) => BigInt(text));
}

export const uint64Field = quantity(8);
export const uint256Field = quantity(32);
/** Amounts and difficulties, for which QuarkChain's own serialisation has no fixed width. */
export const biguintField = quantity(MOST_BIGUINT_BYTES);
export const uint8Field = countUpTo(0xff);
export const uint32Field = countUpTo(0xffffffff);
/** Heights, times and indexes. */
export const countField = countUpTo(Number.MAX_SAFE_INTEGER);

function countUpTo(most: number) {
  return quantity(7).transform((value, context): number => {
    if (value <= most) return Number(value);
    context.addIssue(`a QUANTITY of at most ${most} expected`);
    return z.NEVER;
  });
}

export function dataToJson(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}

export function quantityToJson(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

export function qkcAddressToJson(address: QkcAddress): string {
  const writer = new WireWriter(24);
  writeQkcAddress(writer, address);
  return dataToJson(writer.finish());
}

/** Amounts per token, each token once, in order of the list. */
export const tokenBalancesField = z
  .array(z.strictObject({ tokenId: biguintField, balance: biguintField }))
  .transform((rows, context): ReadonlyMap<bigint, bigint> => {
    const balances = new Map(rows.map(({ tokenId, balance }) => [tokenId, balance]));
    if (balances.size !== rows.length) context.addIssue("the same token twice");
    return balances;
  });

export function tokenBalancesToJson(balances: ReadonlyMap<bigint, bigint>) {
  return [...balances].map(([tokenId, balance]) => ({
    tokenId: quantityToJson(tokenId),
    balance: quantityToJson(balance),
  }));
}
