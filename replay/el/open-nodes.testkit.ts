import { join } from "node:path";
import { type Hash32, ZERO_HASH } from "../../node/codec/bytes.ts";
import type { ForkchoiceUpdated, PayloadAttributes, PayloadStatus } from "../../node/engine/engine-api.ts";
import { ExecutionNode, type ExecutionNodeOptions } from "../../node/execution-node/execution-node.ts";
import { temporaryFolder } from "../work/built-project.testkit.ts";
import { SmallChain, type SmallPayload } from "./small-payloads.testkit.ts";

/** The fixture's chain with nodes in folders of their own. */
export class OpenNodes {
  readonly chain = new SmallChain();
  readonly #folder = temporaryFolder();
  readonly #open: ExecutionNode[] = [];
  #count = 0;

  /** A new empty node. */
  async empty(fullShardId: number, change: Partial<ExecutionNodeOptions> = {}): Promise<ExecutionNode> {
    return await this.at(this.newFolder(), fullShardId, change);
  }

  async at(folder: string, fullShardId: number, change: Partial<ExecutionNodeOptions> = {}): Promise<ExecutionNode> {
    const node = await ExecutionNode.open({ ...this.chain.options(folder, fullShardId), ...change });
    this.#open.push(node);
    return node;
  }

  /** With the canonical chain up to a height, and its head there. */
  async fed(fullShardId: number, height: number, change: Partial<ExecutionNodeOptions> = {}): Promise<ExecutionNode> {
    const node = await this.empty(fullShardId, change);
    for (const item of this.chain.canonicalPayloads(fullShardId)) {
      if (item.exported.height > height) break;
      await insertAsHead(node, item);
    }
    return node;
  }

  newFolder(): string {
    return join(this.#folder.path, `${this.#count++}`);
  }

  async close(): Promise<void> {
    for (const node of this.#open) await node.close();
    this.chain.close();
    this.#folder.remove();
  }
}

export async function insertAsHead(node: ExecutionNode, { payload }: SmallPayload): Promise<PayloadStatus> {
  const status = await node.newPayload(payload);
  await makeHead(node, payload.blockHash);
  return status;
}

export function makeHead(
  node: ExecutionNode,
  head: Hash32,
  attributes?: PayloadAttributes,
): Promise<ForkchoiceUpdated> {
  const state = { headBlockHash: head, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
  return node.forkchoiceUpdated(state, attributes);
}
