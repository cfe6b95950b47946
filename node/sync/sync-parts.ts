import type { QuarkChainConfig } from "../chain/config.ts";
import type { BlockIntake } from "../shard/block-intake.ts";
import type { RootChains } from "../shard/root-chains.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import type { ShardSeals } from "../shard/shard-seals.ts";

/** What everything in this folder is made of: one shard, and how its blocks get in. */
export interface SyncParts {
  readonly config: QuarkChainConfig;
  readonly chain: ShardChain;
  readonly roots: RootChains;
  readonly intake: BlockIntake;
  readonly seals: ShardSeals;
  /** Seconds since 1970. */
  readonly clock: () => number;
  readonly log: SyncLog;
}

type SyncLog = (level: "info" | "warn" | "error", line: string) => void;
