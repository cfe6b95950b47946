import { type MinorBlock, type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlockHeader } from "../chain/root-block.ts";
import { bytesKey } from "../codec/bytes.ts";
import { type Codec, decode, encode } from "../wire/codec.ts";
import type { Frame } from "../wire/frame.ts";
import { PEER_COMMAND, PEER_RPC } from "../wire/peer-ops.ts";

export const PEER_ID = 7n;

export interface SimPeerParts {
  readonly blocks: ReadonlyMap<string, MinorBlock>;
  readonly rootTip: () => RootBlockHeader;
  /** Puts a frame on the link of the slave that has the shard. */
  readonly send: (frame: Frame) => void;
}

/** Another cluster that has every block there is, behind the master: it pushes, announces and serves. */
export class SimPeer {
  readonly #parts: SimPeerParts;
  readonly #announced = new Map<number, { readonly root: RootBlockHeader; readonly height: number }>();

  constructor(parts: SimPeerParts) {
    this.#parts = parts;
  }

  push(block: MinorBlock): void {
    const { op, message } = PEER_COMMAND.newBlockMinor;
    this.#send(block.header.branch, op, 0n, message, { block });
  }

  /** False where an honest peer would not: it never says less than before. */
  announce(header: MinorBlockHeader): boolean {
    const root = this.#parts.rootTip();
    const before = this.#announced.get(header.branch);
    if (before !== undefined && before.root === root && header.height < before.height) return false;
    this.#announced.set(header.branch, { root, height: header.height });
    const { op, message } = PEER_COMMAND.newMinorBlockHeaderList;
    this.#send(header.branch, op, 0n, message, { rootHeader: root, headers: [header] });
    return true;
  }

  /** Returns how many blocks were asked for. */
  receive({ op, branch, rpcId, payload }: Frame): number {
    const { getMinorBlockHeaderList, getMinorBlockList } = PEER_RPC;
    if (op === getMinorBlockHeaderList.op) {
      const { hash, limit } = decode(getMinorBlockHeaderList.request, payload, "what a slave asks");
      const headers: MinorBlockHeader[] = [];
      for (let at = this.#parts.blocks.get(bytesKey(hash)); at !== undefined && headers.length < limit; ) {
        headers.push(at.header);
        at = at.header.height === 0 ? undefined : this.#parts.blocks.get(bytesKey(at.header.prevMinorBlockHash));
      }
      const answer = { rootTip: this.#parts.rootTip(), shardTip: headers[0], headers };
      this.#send(branch, getMinorBlockHeaderList.responseOp, rpcId, getMinorBlockHeaderList.response, answer);
    } else if (op === getMinorBlockList.op) {
      const { hashes } = decode(getMinorBlockList.request, payload, "what a slave asks");
      const blocks = hashes.flatMap((hash) => this.#parts.blocks.get(bytesKey(hash)) ?? []);
      this.#send(branch, getMinorBlockList.responseOp, rpcId, getMinorBlockList.response, { blocks });
      return blocks.length;
    }
    return 0;
  }

  #send<T>(branch: number, op: number, rpcId: bigint, codec: Codec<T>, message: T): void {
    this.#parts.send({ branch, clusterPeerId: PEER_ID, op, rpcId, payload: encode(codec, message) });
  }
}

/** The hashes of blocks, in their order. */
export function hashesOf(blocks: readonly MinorBlock[]) {
  return blocks.map(({ header }) => minorHeaderHash(header));
}
