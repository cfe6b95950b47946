import { shardConfigOf } from "../chain/config.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { bytesEqual, type Hash32, toHex, ZERO_HASH } from "../codec/bytes.ts";
import type { NodeStore } from "../el/state/node-store.ts";
import { WorldState } from "../el/state/world-state.ts";
import type { TransactionPlace } from "../el/store/chain-marks.ts";
import { ENGINE_ERROR, EngineError } from "../engine/engine-error.ts";
import type { ExecutionNode } from "./execution-node.ts";

/** Which block a query is about. */
export type BlockSelector =
  | { readonly tag: "latest" | "safe" | "finalized" | "earliest" | "pending" }
  | { readonly number: number }
  | { readonly hash: Hash32 };

export interface PlacedBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
}

const LATEST: BlockSelector = { tag: "latest" };

/** What queries see of a node's chain. */
export class ChainView {
  readonly node: ExecutionNode;

  constructor(node: ExecutionNode) {
    this.node = node;
  }

  /** Undefined where there is no such block; the head where nothing is asked for. */
  find(selector: BlockSelector = LATEST): PlacedBlock | undefined {
    if ("hash" in selector) return this.byHash(selector.hash);
    if ("number" in selector) return this.byHash(this.node.store.canonicalHash(selector.number));
    const { safe, finalized } = this.node.store.forkchoice;
    if (selector.tag === "earliest") return this.byHash(this.node.store.canonicalHash(0));
    if (selector.tag === "safe") return this.byHash(safe);
    if (selector.tag === "finalized") return this.byHash(finalized);
    return this.node.headBlock();
  }

  byHash(hash: Hash32 | undefined): PlacedBlock | undefined {
    if (hash === undefined || bytesEqual(hash, ZERO_HASH)) return undefined;
    const block = this.node.store.findBlock(hash);
    return block === undefined ? undefined : { hash, block };
  }

  /** Throws EngineError where there is no such block. */
  get(selector: BlockSelector = LATEST): PlacedBlock {
    const found = this.find(selector);
    if (found !== undefined) return found;
    throw new EngineError(ENGINE_ERROR.server, `there is no such block: ${selectorText(selector)}`);
  }

  /** Place in the canonical chain; undefined for what is only in side blocks, or nowhere. */
  placeOf(transactionHash: Hash32): TransactionPlace | undefined {
    return this.node.store.placeOf(transactionHash);
  }

  /** Rows of the state after a block, with a layer for what a call produces. Throws EngineError where it is pruned. */
  nodesAfter(placed: PlacedBlock): NodeStore {
    this.refusePruned(placed);
    return this.node.store.nodes.layer();
  }

  /** Throws EngineError where the state after a block is pruned. */
  refusePruned({ block }: PlacedBlock): void {
    const { prunedBelow } = this.node.store;
    if (block.header.height >= prunedBelow) return;
    throw new EngineError(
      ENGINE_ERROR.server,
      `the state after block ${block.header.height} is pruned: states are kept from block ${prunedBelow} on`,
    );
  }

  stateAfter(placed: PlacedBlock): WorldState {
    return new WorldState(this.nodesAfter(placed), placed.block.meta.stateRoot);
  }

  get shard() {
    return shardConfigOf(this.node.config, this.node.fullShardId);
  }
}

function selectorText(selector: BlockSelector): string {
  if ("hash" in selector) return `0x${toHex(selector.hash)}`;
  return "number" in selector ? `${selector.number}` : selector.tag;
}
