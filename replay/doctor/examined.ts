import type { BlockSource } from "../../node/archive/block-source.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import type { ClientRows } from "../database/client-rows.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** A database while it is looked at. */
export interface Examined {
  readonly source: BlockSource;
  /** Shards whose databases can be opened, ascending. */
  readonly fullShardIds: readonly number[];
  readonly rows: ClientRows;
  /** Undefined where none was found or it is another network's. */
  readonly config: QuarkChainConfig | undefined;
  readonly diagnosis: Diagnosis;
  /** How many heights of each chain are looked at. */
  readonly samples: number | "all";
  /** Height of a shard's newest block by its height index; −1 where it has none. Throws DatabaseDamagedError. */
  readonly tipOf: (fullShardId: number) => number;
  /** Told where the examination is. */
  readonly progress: (text: () => string) => void;
}
