import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { BATCH_CAPABILITY } from "../../node/engine/api/methods.ts";
import { assertIdentity } from "../../node/engine/client/assert-identity.ts";
import { HttpEngine } from "../../node/engine/client/http-engine.ts";
import { requireQuarkChainEngine } from "../../node/engine/client/require-engine.ts";
import {
  type Retry,
  RetryingEngine,
  type RetryingEngineOptions,
  type RetryPolicy,
} from "../../node/engine/client/retrying-engine.ts";
import type { BatchingEngine, ChainIdentity, EngineApi } from "../../node/engine/engine-api.ts";
import { ExecutionNode, type Retention } from "../../node/execution-node/execution-node.ts";
import { programVersion } from "../report/version.ts";
import { note } from "../terminal/print.ts";
import type { EngineSpec, GcMode, HttpEngineSpec } from "./engine-spec.ts";

/** States that a pruned engine keeps: more than any reorganisation that a root chain has seen takes back. */
const FULL_STATES = 1024;

export interface OpenEngine {
  readonly api: EngineApi;
  close(): Promise<void>;
}

/** Opens one shard's engine, and proves that it is this shard's. `signal` ends waiting for one that does not answer. */
export async function openEngine(
  spec: EngineSpec,
  config: QuarkChainConfig,
  fullShardId: number,
  signal: AbortSignal,
): Promise<OpenEngine> {
  if (spec.kind === "embedded") {
    const { folder, gcMode, cacheBytes } = spec;
    const node = await ExecutionNode.open({
      folder,
      config,
      fullShardId,
      rules: QUARKCHAIN_RULES,
      durability: "process",
      cacheBytes,
      retention: retentionOf(gcMode),
      version: programVersion(),
    });
    return { api: node, close: () => node.close() };
  }
  const connection = connect(spec, config, { signal, onRetry: printRetry });
  try {
    const { identity, capabilities } = await connection.introduce();
    assertIdentity(identity, config, fullShardId, spec.url);
    const api = capabilities.includes(BATCH_CAPABILITY) ? connection.engine : withoutBatches(connection.engine);
    return { api, close: async () => connection.close() };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Engines that were just started are asked again without a word. */
const STARTING: Partial<RetryPolicy> = { attempts: 1000, budgetMs: 60_000, firstDelayMs: 50, longestDelayMs: 500 };

/** Says which shard of which chain stands behind a URL; waits for it, the longer where it is only starting. */
export async function identityAt(
  spec: HttpEngineSpec,
  config: QuarkChainConfig,
  signal: AbortSignal,
  isStarting: boolean,
): Promise<ChainIdentity> {
  const patient = isStarting ? { ...spec, retry: STARTING } : spec;
  const connection = connect(patient, config, { signal, onRetry: isStarting ? undefined : printRetry });
  try {
    return (await connection.introduce()).identity;
  } finally {
    connection.close();
  }
}

function connect(
  { url, jwtSecret, retry }: HttpEngineSpec,
  { xshardGasDdosFixRootHeight }: QuarkChainConfig,
  options: Pick<RetryingEngineOptions, "signal" | "onRetry">,
) {
  const http = new HttpEngine({ url, jwtSecret, xshardGasDdosFixRootHeight });
  const engine = new RetryingEngine(http, { policy: retry, ...options });
  return { engine, introduce: () => requireQuarkChainEngine(engine), close: () => http.close() };
}

function printRetry({ method, attempt, delayMs, error }: Retry): void {
  note(`${method}: ${error.message}; attempt ${attempt}, again in ${(delayMs / 1000).toFixed(1)} s`);
}

/** The same engine, asked for one block at a time. */
function withoutBatches(engine: BatchingEngine): EngineApi {
  return {
    exchangeCapabilities: (methods) => engine.exchangeCapabilities(methods),
    getClientVersion: (caller) => engine.getClientVersion(caller),
    chainIdentity: () => engine.chainIdentity(),
    newPayload: (payload) => engine.newPayload(payload),
    forkchoiceUpdated: (state, attributes) => engine.forkchoiceUpdated(state, attributes),
    getPayload: (payloadId) => engine.getPayload(payloadId),
    getPayloadBodiesByHash: (hashes) => engine.getPayloadBodiesByHash(hashes),
    getPayloadBodiesByRange: (start, count) => engine.getPayloadBodiesByRange(start, count),
    getBalance: (request) => engine.getBalance(request),
  };
}

function retentionOf(mode: GcMode): Retention {
  return mode === "archive" ? "archive" : { states: FULL_STATES };
}
