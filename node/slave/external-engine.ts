import type { QuarkChainConfig } from "../chain/config.ts";
import { assertIdentity } from "../engine/client/assert-identity.ts";
import { HttpEngine } from "../engine/client/http-engine.ts";
import { MirroredEngine } from "../engine/client/mirrored-engine.ts";
import { requireQuarkChainEngine } from "../engine/client/require-engine.ts";
import { RetryingEngine, type RetryPolicy } from "../engine/client/retrying-engine.ts";
import type { EngineApi } from "../engine/engine-api.ts";
import type { ExecutionNode } from "../execution-node/execution-node.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import { storedPayload } from "./stored-payload.ts";

/** Where a shard's blocks are executed besides here. Plain data: it crosses to the shard's thread. */
export interface ExternalEngineSpec {
  readonly url: string;
  /** 32 bytes; undefined: requests carry no token. */
  readonly jwtSecret: Uint8Array | undefined;
}

export interface ExternalEngineParts {
  readonly spec: ExternalEngineSpec;
  readonly config: QuarkChainConfig;
  readonly fullShardId: number;
  readonly log: (level: "info" | "warn" | "error", line: string) => void;
}

/** An engine behind a URL, proved to be this shard's. */
export interface ExternalEngine {
  /** The engine of a chain, with the node beside it; the chain is asked for when it is there. */
  mirrored(node: ExecutionNode, chain: () => ShardChain): EngineApi;
  close(): void;
}

/**
 * Outlasts the restart of an engine. What is being done then fails and is done again by whoever comes next: a root block of the
 * master waits behind it, and must not wait for ever.
 */
const PATIENCE: Partial<RetryPolicy> = {
  attempts: Number.POSITIVE_INFINITY,
  budgetMs: 60_000,
  longestDelayMs: 2000,
};

/**
 * Waits a minute for an engine. Throws EngineUnavailableError where it does not answer, UnsupportedError for one that
 * does not know QuarkChain's extension, ConfigError for another chain's.
 */
export async function openExternalEngine({
  spec: { url, jwtSecret },
  config,
  fullShardId,
  log,
}: ExternalEngineParts): Promise<ExternalEngine> {
  const closed = new AbortController();
  const { xshardGasDdosFixRootHeight } = config;
  const http = new HttpEngine({ url, jwtSecret, xshardGasDdosFixRootHeight });
  const external = new RetryingEngine(http, {
    policy: PATIENCE,
    signal: closed.signal,
    onRetry: ({ method, attempt, delayMs, error }) => {
      const wait = `attempt ${attempt}, again in ${(delayMs / 1000).toFixed(1)} s`;
      log("warn", `shard ${fullShardId}: ${method}: ${error.message}; ${wait}`);
    },
  });
  const close = () => {
    closed.abort();
    http.close();
  };
  try {
    const { identity } = await requireQuarkChainEngine(external);
    assertIdentity(identity, config, fullShardId, url);
  } catch (error) {
    close();
    throw error;
  }
  const mirrored = (own: ExecutionNode, chain: () => ShardChain) =>
    new MirroredEngine({
      fullShardId,
      external,
      own,
      payloadOf: (hash) => storedPayload(chain(), own, hash),
      onFedAgain: (count) =>
        log("warn", `shard ${fullShardId}: the engine at ${url} had lost ${count} blocks, and has them again`),
      onFault: ({ message }) => log("error", message),
    });
  return { mirrored, close };
}
