import type { ShardSource } from "../../node/archive/block-source.ts";
import type { RootChain } from "../../node/cl/root-chain.ts";
import { ShardCl } from "../../node/cl/shard-cl.ts";
import { ArchivedNodes } from "../../node/el/archived-nodes.ts";
import type { EngineClient } from "../../node/el/block-executor.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import { executionConfig } from "../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import { InProcessClient } from "../../node/el/in-process-executor.ts";
import { NOWHERE } from "../../node/el/state/node-store.ts";
import { StateCache } from "../../node/el/state/state-cache.ts";
import type { OpenDatabase } from "../database/open-database.ts";

/** Puts something between the check and a shard's engine. */
export type EngineWrapper = (engine: EngineClient) => EngineClient;

export interface RigOptions {
  /** Memory for the state rows of one shard. */
  readonly cacheBytes: number;
  readonly checkArchive: boolean;
  readonly wrapEngine?: EngineWrapper;
  /** By which blocks are executed; default: the chain's own. */
  readonly rules?: Rules;
  /** Shards born before this root height can be sent to. */
  readonly rootTipHeight: number;
}

/** What it takes to check one shard's blocks: its database, its consensus side and its execution side. */
export interface ShardRig {
  readonly source: ShardSource;
  readonly nodes: ArchivedNodes;
  readonly cl: ShardCl;
  readonly engine: EngineClient;
}

/** The rigs of a database's shards, each set up when it is first needed. */
export class ShardRigs {
  readonly #database: OpenDatabase;
  readonly #rootChain: RootChain;
  readonly #options: RigOptions;
  readonly #rigs = new Map<number, ShardRig>();

  constructor(database: OpenDatabase, rootChain: RootChain, options: RigOptions) {
    this.#database = database;
    this.#rootChain = rootChain;
    this.#options = options;
  }

  get rules(): Rules {
    return this.#options.rules ?? QUARKCHAIN_RULES;
  }

  has(fullShardId: number): boolean {
    return this.#database.source.fullShardIds.includes(fullShardId);
  }

  /** Throws DatabaseDamagedError where the shard's database is missing or cannot be read. */
  of(fullShardId: number): ShardRig {
    let rig = this.#rigs.get(fullShardId);
    if (rig === undefined) {
      rig = this.#setUp(fullShardId);
      this.#rigs.set(fullShardId, rig);
    }
    return rig;
  }

  #setUp(fullShardId: number): ShardRig {
    const config = this.#database.config.quarkchain;
    const source = this.#database.source.shard(fullShardId);
    const { cacheBytes, checkArchive, rootTipHeight, wrapEngine = asItIs } = this.#options;
    const nodes = new ArchivedNodes(source.rows, { name: source.name, cacheBytes, checkArchive });
    const layer = new ExecutionLayer(
      executionConfig(config, fullShardId, this.rules),
      nodes,
      new StateCache(cacheBytes),
      // goquarkchain does not store receipt tries, so the archive need not have their nodes.
      this.#database.source.kind === "goquarkchain" ? NOWHERE : nodes,
    );
    return {
      source,
      nodes,
      cl: new ShardCl({ config, source, rootChain: this.#rootChain, rootTipHeight }),
      engine: wrapEngine(new InProcessClient([layer])),
    };
  }
}

function asItIs(engine: EngineClient): EngineClient {
  return engine;
}
