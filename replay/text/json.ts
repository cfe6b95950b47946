/** A value as --json prints it: bigint as a decimal text, bytes as hex, maps as objects. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export function jsonText(value: Json): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
