import type { BlockSource } from "../../node/archive/block-source.ts";
import type { ClusterConfig } from "../../node/chain/config.ts";
import type { ClientRows } from "./client-rows.ts";

/** A database that is inspected. */
export interface Inspected {
  readonly source: BlockSource;
  readonly rows: ClientRows;
  /** Undefined where none was found: what depends on it is left out. */
  readonly config: ClusterConfig | undefined;
  /** Tokens that the user names, to be recognised in token tries. */
  readonly tokens: readonly string[];
}
