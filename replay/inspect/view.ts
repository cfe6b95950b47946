import type { Json } from "../text/json.ts";

/** What an inspection shows: to programs or to people. Of a long list one of the two is made, when it is asked for. */
export interface View {
  readonly json: { readonly [name: string]: Json };
  /** Parts of the text, an empty line between them. */
  readonly text: readonly string[];
}
