import type { Refusal } from "../../node/engine/engine-api.ts";
import type { RunFailure } from "../report/failure.ts";
import type { FoundDivergence } from "../report/schema.ts";
import type { SentList } from "./run-link.ts";
import type { ShardProgressState } from "./shard-host.ts";

/** What the main thread says to a thread that serves shards. Blocks never cross: each thread reads its own. */
export type ToHost =
  | { readonly type: "accept"; readonly id: number; readonly lists: readonly SentList[] }
  | { readonly type: "delivered"; readonly id: number; readonly failure?: RunFailure }
  | { readonly type: "reach" | "endWith"; readonly step: number }
  | { readonly type: "run" | "stop" | "close" };

export type FromHost =
  | { readonly type: "opened" | "finished"; readonly states: readonly ShardProgressState[] }
  /** `stopped`: because the run is stopped, not by a fault of its own. */
  | {
      readonly type: "failed";
      readonly failure: RunFailure;
      readonly stopped: boolean;
      readonly states: readonly ShardProgressState[];
    }
  | { readonly type: "accepted"; readonly id: number; readonly failure?: RunFailure }
  | { readonly type: "deliver"; readonly id: number; readonly lists: readonly SentList[] }
  | { readonly type: "completed"; readonly fullShardId: number; readonly step: number }
  | {
      readonly type: "diverged";
      readonly step: number;
      readonly divergence: FoundDivergence;
      readonly refusal: Refusal | undefined;
    }
  | { readonly type: "closed" };

/** A failure that came from another thread, where errors lose their fields. */
export class HostFailure extends Error {
  readonly failure: RunFailure;

  constructor(failure: RunFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Somebody who waits for the other side. */
export interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The other side has done, or could not do, what is waited for. */
export function settle(waiting: Map<number, Pending>, id: number, failure: RunFailure | undefined): void {
  const pending = waiting.get(id);
  waiting.delete(id);
  if (failure === undefined) pending?.resolve();
  else pending?.reject(new HostFailure(failure));
}
