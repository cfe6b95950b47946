/** A JSON value as it is written out; whole numbers only. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** JSON as pyquarkchain's json.dumps writes it: a blank behind commas and colons, everything beyond ASCII escaped. */
export function pythonJson(value: Json): string {
  if (typeof value === "string") return quoted(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(pythonJson).join(", ")}]`;
  const fields = Object.entries(value).map(([name, inner]) => `${quoted(name)}: ${pythonJson(inner)}`);
  return `{${fields.join(", ")}}`;
}

function isList(value: readonly Json[] | { readonly [name: string]: Json }): value is readonly Json[] {
  return Array.isArray(value);
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escaped);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
