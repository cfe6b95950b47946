import type { RetryPolicy } from "../../node/engine/client/retrying-engine.ts";

/** How much of the past an embedded engine keeps. */
export type GcMode = "archive" | "prune";

/** Where one shard's blocks are executed. Plain data: it crosses to other threads. */
export type EngineSpec =
  | { readonly kind: "embedded"; readonly folder: string; readonly gcMode: GcMode; readonly cacheBytes: number }
  | HttpEngineSpec;

export interface HttpEngineSpec {
  readonly kind: "http";
  readonly url: string;
  readonly jwtSecret: Uint8Array | undefined;
  /** How long nobody may answer. */
  readonly retry?: Partial<RetryPolicy>;
}

/** Where blocks are executed: here, by engines that run already, or by processes that are started for it. */
export type EngineChoice =
  | { readonly kind: "embedded" }
  | {
      readonly kind: "urls";
      readonly urls: readonly string[];
      readonly jwtSecretPath: string | undefined;
      readonly retry?: HttpEngineSpec["retry"];
    }
  | { readonly kind: "command"; readonly command: string; readonly jwtSecretPath: string | undefined };
