import type { SharedEthashCaches } from "../cl/pow/ethash-cache-pool.ts";
import type { SealJob } from "./seal-search.ts";
import type { Seal } from "./work-cache.ts";

/** What a thread that seeks seals starts with. */
export interface SealThreadData {
  readonly ethashCaches: SharedEthashCaches;
}

/** A job replaces the one before it. */
export type ToSealThread =
  | { readonly type: "seek"; readonly id: number; readonly job: SealJob }
  | { readonly type: "stop" };

export type FromSealThread =
  | { readonly type: "found"; readonly id: number; readonly seal: Seal }
  | { readonly type: "failed"; readonly id: number; readonly reason: string };
