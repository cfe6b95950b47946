import type { Json } from "../text/json.ts";

/** What an inspection shows: to programs and to people. */
export interface View {
  readonly json: { readonly [name: string]: Json };
  /** Parts of the text, an empty line between them. */
  readonly text: readonly string[];
}
