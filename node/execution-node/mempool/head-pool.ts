import { xshardGasLimitOf } from "../../chain/config.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import { bytesEqual, type Hash32, ZERO_HASH } from "../../codec/bytes.ts";
import { ancestorsFrom } from "../chain-queries.ts";
import type { ChainView, PlacedBlock } from "../chain-view.ts";
import { beginOnTip, type TipShape } from "./tip-execution.ts";
import { TransactionPool } from "./transaction-pool.ts";
import type { PooledTransaction } from "./transaction-queue.ts";

/**
 * The pool of a node that is told its head by an engine's caller: nobody says which blocks joined the chain, so what is
 * stale is looked for. It is offered to whoever makes blocks; the node itself takes none.
 */
export class HeadPool {
  readonly #chain: ChainView;
  readonly #pool: TransactionPool;
  /** Head on which none of them is stale. */
  #freshOn: Hash32 = ZERO_HASH;

  constructor(chain: ChainView) {
    this.#chain = chain;
    this.#pool = new TransactionPool({
      isInChain: (hash) => chain.placeOf(hash) !== undefined,
      beginOnTip: () => beginOnTip(groundOf(chain, chain.get())),
    });
  }

  get arrivals(): number {
    return this.#pool.arrivals;
  }

  /** See TransactionPool.add. */
  add(typed: TypedTransaction): void {
    this.#dropStale();
    this.#pool.add(typed);
  }

  find(hash: Hash32): PooledTransaction | undefined {
    return this.#pool.find(hash);
  }

  /** In the order in which they came. */
  all(): readonly PooledTransaction[] {
    this.#dropStale();
    return this.#pool.ordered().sort((one, other) => one.arrival - other.arrival);
  }

  /** Lets go of what is in the chain by now, or was overtaken by another transaction with its nonce. */
  #dropStale(): void {
    if (this.#pool.size === 0) return;
    const head = this.#chain.get();
    // Whoever sends or asks comes by here, and there may be thousands of transactions to look up.
    if (bytesEqual(head.hash, this.#freshOn)) return;
    this.#freshOn = head.hash;
    const state = this.#chain.stateAfter(head);
    for (const pooled of this.#pool.ordered()) {
      if (pooled.transaction.nonce < state.getNonce(pooled.sender)) this.#pool.remove(pooled);
    }
  }
}

function groundOf(chain: ChainView, head: PlacedBlock) {
  const { node, shard } = chain;
  return {
    config: node.execution,
    nodes: chain.nodesAfter(head),
    shape: shapeAfter(head),
    header: head.block.header,
    ancestorHash: ancestorsFrom(node.store, head.hash),
    senderDisallowMap: new Map(),
    reachableShards: new Set(node.config.shards.keys()),
    xshardGasLimit: xshardGasLimitOf(shard),
  };
}

function shapeAfter({ block: { header, meta } }: PlacedBlock): TipShape {
  const { stateRoot, xshardGasLimit, xshardReceiveGasUsed } = meta;
  if (header.height === 0) return { kind: "bare", stateRoot, timestamp: Math.floor(Date.now() / 1000) };
  const unused = xshardReceiveGasUsed < xshardGasLimit ? xshardGasLimit - xshardReceiveGasUsed : 0n;
  return { kind: "executed", stateRoot, gasLimit: header.gasLimit - unused };
}
