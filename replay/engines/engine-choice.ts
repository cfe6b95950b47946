import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { assertIdentity } from "../../node/engine/client/assert-identity.ts";
import type { ChainIdentity } from "../../node/engine/engine-api.ts";
import { createJwtSecret, readJwtSecret } from "../../node/engine/json-rpc/jwt.ts";
import { EngineProcess, freePorts } from "../../node/engine/process/engine-processes.ts";
import type { EngineChoice, EngineSpec, GcMode, HttpEngineSpec } from "./engine-spec.ts";
import { identityAt } from "./engines.ts";

export interface EngineChoiceOptions {
  readonly choice: EngineChoice;
  readonly config: QuarkChainConfig;
  readonly configPath: string;
  readonly datadir: string;
  readonly shards: readonly number[];
  readonly gcMode: GcMode;
  /** Memory of each embedded engine. */
  readonly cacheBytes: number;
  /** Whether engines may hold a chain already. */
  readonly resume: boolean;
  /** Ends waiting for engines. */
  readonly signal: AbortSignal;
  readonly onGivenUp: (error: Error) => void;
  readonly onRestart: (text: string) => void;
}

/** The engine of each shard. */
export interface ChosenEngines {
  readonly specs: ReadonlyMap<number, EngineSpec>;
  /** Stops what was started. */
  close(): Promise<void>;
}

/** Finds or starts an engine for every shard. Throws where one is missing, of another chain, or not QuarkChain's. */
export async function chooseEngines(options: EngineChoiceOptions): Promise<ChosenEngines> {
  const { choice } = options;
  if (choice.kind === "embedded") return { specs: embeddedEngines(options), close: async () => {} };
  if (choice.kind === "urls") {
    const jwtSecret = choice.jwtSecretPath === undefined ? undefined : readJwtSecret(choice.jwtSecretPath);
    const specs = choice.urls.map((url) => ({ kind: "http", url, jwtSecret, retry: choice.retry }) as const);
    return { specs: await enginesAt(options, specs), close: async () => {} };
  }
  return await startedEngines(options, choice.command, choice.jwtSecretPath);
}

function embeddedEngines({ shards, datadir, gcMode, cacheBytes }: EngineChoiceOptions): Map<number, EngineSpec> {
  return new Map(shards.map((id) => [id, { kind: "embedded", folder: join(datadir, `el-${id}`), gcMode, cacheBytes }]));
}

/** Engines that run already: each says itself which shard it is. */
async function enginesAt(
  options: EngineChoiceOptions,
  offered: readonly HttpEngineSpec[],
): Promise<Map<number, EngineSpec>> {
  const { config, shards } = options;
  const specs = new Map<number, HttpEngineSpec>();
  for (const spec of offered) {
    const { url } = spec;
    const { fullShardId } = await introduced(options, spec, false);
    if (!shards.includes(fullShardId)) {
      throw new UsageError(
        `the engine at ${url} is shard ${fullShardId}'s, which is not replayed (${shards.join(", ")})`,
      );
    }
    const other = specs.get(fullShardId);
    if (other !== undefined) {
      throw new UsageError(`the engines at ${other.url} and ${url} are both shard ${fullShardId}'s`);
    }
    specs.set(fullShardId, spec);
  }
  const missing = shards.filter((id) => !specs.has(id));
  if (missing.length === 0) return specs;
  throw new UsageError(
    `no engine for shard ${missing.join(", ")}: give one --engine for each shard of ${config.shards.size}, or name the ` +
      "shards to replay with --shard",
  );
}

/** Proves that an engine is of this chain, and fresh where the run is. */
async function introduced(
  { config, resume, signal }: EngineChoiceOptions,
  spec: HttpEngineSpec,
  isStarting: boolean,
): Promise<ChainIdentity> {
  const identity = await identityAt(spec, config, signal, isStarting);
  if (!config.shards.has(identity.fullShardId)) {
    throw new UsageError(
      `the engine at ${spec.url} is shard ${identity.fullShardId}'s, which the configuration does not define`,
    );
  }
  assertIdentity(identity, config, identity.fullShardId, spec.url);
  if (!resume && identity.head !== null && identity.head.height > 0) {
    throw new UsageError(
      `the engine at ${spec.url} holds a chain up to block ${identity.head.height} already: a run from genesis proves ` +
        "nothing on it; give it a fresh data directory",
    );
  }
  return identity;
}

async function startedEngines(
  options: EngineChoiceOptions,
  command: string,
  jwtSecretPath: string | undefined,
): Promise<ChosenEngines> {
  const { datadir, shards, configPath, onGivenUp, onRestart } = options;
  makeFolder(datadir);
  const jwtPath = resolve(jwtSecretPath ?? join(datadir, "jwt.hex"));
  const jwtSecret =
    existsSync(jwtPath) || jwtSecretPath !== undefined ? readJwtSecret(jwtPath) : createJwtSecret(jwtPath);
  const processes: EngineProcess[] = [];
  const close = async () => {
    await Promise.all(processes.map((process) => process.stop()));
  };
  const givenUp = new AbortController();
  const signal = AbortSignal.any([options.signal, givenUp.signal]);
  try {
    const ports = await freePorts(shards.length);
    for (const [i, fullShardId] of shards.entries()) {
      const started = new EngineProcess({
        fullShardId,
        command,
        datadir: resolve(datadir, `el-${fullShardId}`),
        port: ports[i],
        jwtPath,
        configPath: resolve(configPath),
        logs: join(datadir, "logs"),
        onGivenUp: (error) => {
          givenUp.abort(error);
          onGivenUp(error);
        },
        onRestart,
      });
      processes.push(started);
      started.start();
    }
    const specs = new Map<number, EngineSpec>();
    for (const { fullShardId, url } of processes) {
      const spec = { kind: "http", url, jwtSecret } as const;
      const identity = await introduced({ ...options, signal }, spec, true);
      assertIdentity(identity, options.config, fullShardId, url);
      specs.set(fullShardId, spec);
    }
    return { specs, close };
  } catch (error) {
    await close();
    throw error;
  }
}
