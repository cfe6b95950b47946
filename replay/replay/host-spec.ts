import type { EngineSpec } from "../engines/engine-spec.ts";
import type { SharedCounters } from "../work/counters.ts";
import type { PlanData } from "./steps.ts";

/** What one thread of a replay is started with. */
export interface HostSpec {
  /** Folder of the old database, its configuration, and the root tip that the user named. */
  readonly db: string;
  readonly configPath: string;
  readonly rootTip: string | undefined;
  readonly plan: PlanData;
  /** Shards that take part in the run, ascending, and those that this thread serves. */
  readonly shards: readonly number[];
  readonly hosted: readonly HostedShard[];
  readonly counters: SharedCounters;
  /** For blocks of the old database's tables. */
  readonly cacheBytes: number;
}

export interface HostedShard {
  readonly fullShardId: number;
  /** Folder of the CL store. */
  readonly store: string;
  readonly engine: EngineSpec;
}
