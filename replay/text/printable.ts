import { shown } from "../../node/codec/shown.ts";

/** Colours and weights, which this program sets itself. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours consist of
const COLOR = /(\u001b\[[\d;]*m)/;

/** What every text has that `shown` or a colour would make another one of, and some that none would: most have nothing of it. */
const CONSPICUOUS = /(?!\n)\p{Cc}|[\p{Cs}\p{Bidi_Control}\u2028\u2029]|##|^[^\S\n]*::/mu;

/**
 * A text of this program with its own line breaks and colours: the last net under what files decide, which `shown` has
 * on one line already.
 */
export function printable(text: string): string {
  if (!CONSPICUOUS.test(text)) return text;
  return text.split("\n").map(printableLine).join("\n");
}

function printableLine(line: string): string {
  const parts = line.split(COLOR).map((part, i) => (i % 2 === 1 ? part : keepingTabs(part)));
  return parts.join("");
}

function keepingTabs(part: string): string {
  return part.split("\t").map(shown).join("\t");
}

/** A value of plain data with its strings as `shown` has them; bytes and other objects stay as they are. */
export function shownWithin<T>(value: T): T;
export function shownWithin(value: unknown): unknown {
  if (typeof value === "string") return shown(value);
  if (Array.isArray(value)) return value.map((item) => shownWithin<unknown>(item));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [shown(name), shownWithin<unknown>(item)]));
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
