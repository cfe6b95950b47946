import type { Address, Hash32 } from "../codec/bytes.ts";
import type { NewPayloadResult } from "../el/block-executor.ts";
import type { BlockObserver } from "../el/evm/tracer.ts";
import type { ExecutionConfig } from "../el/execution-config.ts";
import { ExecutionLayer } from "../el/execution-layer.ts";
import { InProcessClient } from "../el/in-process-executor.ts";
import type { ExecutionPayload } from "../el/payload.ts";
import { NOWHERE, type NodeStore } from "../el/state/node-store.ts";
import { StateCache } from "../el/state/state-cache.ts";
import type { NodeLayer, StoredNodes } from "../el/store/stored-nodes.ts";
import type { Candidate, Filling, TransactionSource } from "../el/transactions/fill-block.ts";

/** An execution and the rows that it produced, which are nowhere else yet. */
export interface Executed {
  readonly outcome: NewPayloadResult;
  readonly layer: NodeLayer;
}

/** Executes blocks over stored states, block after block on the nodes that the last one left in memory. */
export class BlockExecutor {
  readonly #config: ExecutionConfig;
  readonly #nodes: StoredNodes;
  readonly #cacheBytes: number;
  readonly #store: NodeStore;
  #layer: NodeLayer;
  #execution: ExecutionLayer;

  constructor(config: ExecutionConfig, nodes: StoredNodes, cacheBytes: number) {
    this.#config = config;
    this.#nodes = nodes;
    this.#cacheBytes = cacheBytes;
    this.#layer = nodes.layer();
    this.#store = {
      get: (hash) => this.#layer.get(hash),
      put: (hash, value) => this.#layer.put(hash, value),
    };
    this.#execution = this.#newExecution();
  }

  execute(payload: ExecutionPayload, observer?: BlockObserver): Executed {
    const layer = this.#nodes.layer();
    this.#layer = layer;
    try {
      return { outcome: new InProcessClient([this.#execution]).newPayload(payload, observer), layer };
    } finally {
      this.#layer = this.#nodes.layer();
    }
  }

  /** Which of a source's transactions the block of a payload can hold, see ExecutionLayer.fill. Keeps nothing. */
  fill<T extends Candidate>(
    payload: ExecutionPayload,
    source: TransactionSource<T>,
    leastGasPrice: bigint,
  ): Filling<T> {
    this.#layer = this.#nodes.layer();
    try {
      return this.#execution.fill(payload, source, leastGasPrice);
    } finally {
      this.#layer = this.#nodes.layer();
    }
  }

  /** What was executed last is not kept: no decoded node of it may stay in memory. */
  forget(): void {
    this.#execution = this.#newExecution();
  }

  /** Of a stored state. */
  getBalance(stateRoot: Hash32, address: Address, tokenId: bigint): bigint {
    return this.#execution.getBalance(stateRoot, address, tokenId);
  }

  #newExecution(): ExecutionLayer {
    // pyquarkchain keeps the nodes of receipt tries; nothing reads them: receipts are stored with their block.
    return new ExecutionLayer(this.#config, this.#store, new StateCache(this.#cacheBytes), NOWHERE);
  }
}
