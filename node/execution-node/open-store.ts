import { join } from "node:path";
import { type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import { configHash } from "../chain/config-hash.ts";
import { toHex } from "../codec/bytes.ts";
import type { Rules } from "../el/evm/rules.ts";
import { buildGenesisState } from "../el/genesis-state.ts";
import type { ExecutionBase } from "../el/store/execution-base.ts";
import { ExecutionStore } from "../el/store/execution-store.ts";
import { LevelRows } from "../el/store/level-rows.ts";
import { MemoryNodes } from "../el/store/memory-nodes.ts";
import type { RowStore } from "../el/store/row-store.ts";

/** "disk": what was acknowledged survives a power failure. "process": it survives the end of the process, however it ends. */
type Durability = "disk" | "process";

export interface StoreOptions {
  /** Data directory; the rows lie in its folder `execution`. */
  readonly folder: string;
  readonly config: QuarkChainConfig;
  readonly fullShardId: number;
  readonly rules: Rules;
  readonly durability: Durability;
  /** Memory for trie nodes and code, twice: as rows and decoded. */
  readonly cacheBytes: number;
  /** Whether several threads of this process open it, of which one writes. */
  readonly isShared?: boolean;
  /** What lies below the store: another client's database of the same shard. */
  readonly base?: ExecutionBase;
  /** Opens what the store is kept in; a LevelDB where it is absent. */
  readonly openRows?: (folder: string, sharing: { readonly isShared: boolean }) => Promise<RowStore>;
}

/** Opens or makes the store of one shard. Throws UsageError for another chain's store, or one that is in use. */
export async function openStore(options: StoreOptions): Promise<ExecutionStore> {
  const { config, fullShardId, rules, durability, cacheBytes, base, isShared = false } = options;
  const { openRows = LevelRows.open } = options;
  const folder = join(options.folder, "execution");
  const genesisStateRoot = buildGenesisState(new MemoryNodes(), shardConfigOf(config, fullShardId).genesis.accounts);
  const identity = {
    networkId: config.networkId,
    fullShardId,
    genesisStateRoot: toHex(genesisStateRoot),
    configHash: toHex(configHash(config)),
    ruleSet: rules.name,
  };
  const rows = await openRows(folder, { isShared });
  return await ExecutionStore.open(rows, { name: folder, identity, sync: durability === "disk", cacheBytes, base });
}
