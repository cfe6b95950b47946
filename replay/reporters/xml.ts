import { escapeMarkup } from "./escape.ts";

/** Attributes of a tag, each behind a space. */
export function xmlAttributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(`${value}`).replaceAll("\n", "&#10;")}"`)
    .join("");
}

/** Text between tags. */
export function xmlText(raw: string): string {
  return escapeMarkup(raw.replaceAll(NOT_IN_XML, "\uFFFD"));
}

/** Characters that XML 1.0 has no way to write. */
const NOT_IN_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
