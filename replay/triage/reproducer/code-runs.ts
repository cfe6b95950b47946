import { z } from "zod";
import { concatAll, fromHex, toHex } from "../../../node/codec/bytes.ts";

const hexPattern = /^0x([0-9a-f]{2})*$/;

/** Code as hex, or, where much of it is never reached, as runs of hex and of zero bytes. */
const codeRun = z.union([
  z.string().regex(hexPattern),
  z.strictObject({
    zeros: z
      .int()
      .positive()
      .max(1 << 20),
  }),
]);
export const code = z.codec(z.union([z.string().regex(hexPattern), z.array(codeRun)]), z.custom<Uint8Array>(), {
  decode: decodeCode,
  encode: encodeCode,
});

/** Shorter runs of zeros than this are cheaper as hex. */
const LEAST_ZERO_RUN = 16;

function decodeCode(value: string | (string | { zeros: number })[]): Uint8Array {
  if (typeof value === "string") return fromHex(value);
  return concatAll(value.map((run) => (typeof run === "string" ? fromHex(run) : new Uint8Array(run.zeros))));
}

function encodeCode(value: Uint8Array): string | (string | { zeros: number })[] {
  const hex = toHex(value);
  const runs: (string | { zeros: number })[] = [];
  let from = 0;
  for (let at = 0; at < value.length; ) {
    let end = at;
    while (end < value.length && value[end] === 0) end++;
    if (end - at >= LEAST_ZERO_RUN) {
      if (at > from) runs.push(`0x${hex.slice(2 * from, 2 * at)}`);
      runs.push({ zeros: end - at });
      from = end;
    }
    at = Math.max(end, at + 1);
  }
  if (runs.length === 0) return `0x${hex}`;
  if (from < value.length) runs.push(`0x${hex.slice(2 * from)}`);
  return runs;
}
