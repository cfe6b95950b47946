import type { Refusal } from "../../node/engine/engine-api.ts";
import type { FoundDivergence } from "../report/schema.ts";

/** What a block sends to one shard, as it is stored there. */
export interface SentList {
  readonly destination: number;
  readonly sourceMinorHash: Uint8Array;
  readonly encoded: Uint8Array;
}

/** What ties one shard's replay to those of the others. */
export interface RunLink {
  /** Resolves when every destination that takes part has stored the lists. */
  deliver(lists: readonly SentList[]): Promise<void>;
  /** All blocks of the step are executed and what they send is stored. */
  completed(fullShardId: number, step: number): void;
  /** Whether every part of the run has completed the step: false where the run ends before. Throws RunStopped. */
  reached(step: number): Promise<boolean>;
  /** The run ends with this step for everybody; its blocks are still executed, so that all that differs is found. `refusal`: what the engine rejects the block for. */
  diverged(step: number, divergence: FoundDivergence, refusal?: Refusal): void;
  /** The last step whose blocks are executed. */
  readonly lastStep: number;
  /** Throws RunStopped where the user or a failure elsewhere ends the run. */
  checkStopped(): void;
}

/** Ends one part of a run because the whole ends. */
export class RunStopped extends Error {}
