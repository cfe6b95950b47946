import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { asHash32 } from "../codec/bytes.ts";
import { type Codec, encode } from "../wire/codec.ts";
import type { Frame } from "../wire/frame.ts";
import { PEER_COMMAND, PEER_RPC } from "../wire/peer-ops.ts";
import type { SimPeerParts } from "./sim-peer.testkit.ts";

export const HOSTILE_PEER_ID = 8n;

export interface HostilePeerParts extends SimPeerParts {
  readonly random: () => number;
}

/** Another cluster that lies: what it pushes, announces, asks and answers is never right. */
export class HostilePeer {
  readonly #parts: HostilePeerParts;
  #rpcId = 0n;

  constructor(parts: HostilePeerParts) {
    this.#parts = parts;
  }

  /** Does one bad thing to the shard of a good block. */
  strike(block: MinorBlock): void {
    const { branch } = block.header;
    const { newBlockMinor, newMinorBlockHeaderList, newTransactionList } = PEER_COMMAND;
    const rootHeader = this.#parts.rootTip();
    const bad = this.#altered(block);
    this.#oneOf([
      () => this.#command(branch, newBlockMinor.op, newBlockMinor.message, { block: bad }),
      () =>
        this.#command(branch, newMinorBlockHeaderList.op, newMinorBlockHeaderList.message, {
          rootHeader,
          headers: [bad.header],
        }),
      () =>
        this.#command(branch, newTransactionList.op, newTransactionList.message, { transactions: block.transactions }),
      () => this.#frame(branch, Math.floor(this.#parts.random() * 256), 0n, this.#junk()),
      () => this.#frame(branch, PEER_RPC.getMinorBlockList.op, ++this.#rpcId, this.#junk()),
    ])();
  }

  receive({ op, branch, rpcId, payload }: Frame): void {
    const { getMinorBlockHeaderList, getMinorBlockList } = PEER_RPC;
    const some = this.#someBlock();
    if (op === getMinorBlockHeaderList.op && some !== undefined) {
      const answer = { rootTip: this.#parts.rootTip(), shardTip: some.header, headers: [this.#altered(some).header] };
      this.#oneOf([
        () => {},
        () => this.#answer(branch, getMinorBlockHeaderList.responseOp, rpcId, getMinorBlockHeaderList.response, answer),
        () => this.#frame(branch, getMinorBlockHeaderList.responseOp, rpcId, payload),
      ])();
    } else if (op === getMinorBlockList.op && some !== undefined) {
      const answers = [[], [some], [this.#altered(some)], [some, some]];
      const blocks = this.#oneOf(answers);
      this.#answer(branch, getMinorBlockList.responseOp, rpcId, getMinorBlockList.response, { blocks });
    }
  }

  /** Breaks one rule. */
  #altered(block: MinorBlock): MinorBlock {
    const { header } = block;
    const nowhere = asHash32(new Uint8Array(32).fill(1 + Math.floor(this.#parts.random() * 255)));
    return this.#oneOf([
      { ...block, transactions: [] },
      { ...block, header: { ...header, height: header.height + 1 } },
      { ...block, header: { ...header, height: header.height + 1_000_000 } },
      { ...block, header: { ...header, difficulty: header.difficulty + 1n } },
      { ...block, header: { ...header, createTime: 0 } },
      { ...block, header: { ...header, metaHash: nowhere } },
      { ...block, header: { ...header, prevMinorBlockHash: nowhere } },
      { ...block, header: { ...header, prevRootBlockHash: nowhere } },
      { ...block, header: { ...header, prevMinorBlockHash: minorHeaderHash(header) } },
    ]);
  }

  #someBlock(): MinorBlock | undefined {
    const blocks = [...this.#parts.blocks.values()];
    return blocks.length === 0 ? undefined : this.#oneOf(blocks);
  }

  #junk(): Uint8Array {
    return Uint8Array.from({ length: Math.floor(this.#parts.random() * 100) }, () => this.#parts.random() * 256);
  }

  #command<T>(branch: number, op: number, codec: Codec<T>, message: T): void {
    this.#frame(branch, op, 0n, encode(codec, message));
  }

  #answer<T>(branch: number, op: number, rpcId: bigint, codec: Codec<T>, message: T): void {
    this.#frame(branch, op, rpcId, encode(codec, message));
  }

  #frame(branch: number, op: number, rpcId: bigint, payload: Uint8Array): void {
    this.#parts.send({ branch, clusterPeerId: HOSTILE_PEER_ID, op, rpcId, payload });
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#parts.random() * choices.length)];
  }
}
