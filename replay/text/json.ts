import { printable } from "./printable.ts";

/** A value as --json prints it: bigint as a decimal text, bytes as hex, maps as objects. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Indented, and with nothing in it that acts upon a terminal: JSON.stringify leaves some of it as it is. */
export function jsonText(value: unknown): string {
  return `${printable(JSON.stringify(value, undefined, 2))}\n`;
}
