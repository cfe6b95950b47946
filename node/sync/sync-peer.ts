import type { MinorBlock, MinorBlockHeader } from "../chain/minor-block.ts";
import type { RootBlockHeader } from "../chain/root-block.ts";
import type { Hash32 } from "../codec/bytes.ts";

/** The same shard of another cluster, as sync sees it. Whoever makes it bounds how long an answer may take. */
export interface SyncPeer {
  /** For log lines. */
  readonly name: string;
  /** Aborts when the peer has left or its connection was closed, from whichever side. */
  readonly signal: AbortSignal;
  /** Headers from a block towards genesis, the block's own first. Rejects where no answer comes in time. */
  headersFrom(hash: Hash32, limit: number): Promise<PeerHeaders>;
  /** Blocks in the order of the hashes; those that the peer lacks are left out. Rejects where no answer comes in time. */
  blocks(hashes: readonly Hash32[]): Promise<readonly MinorBlock[]>;
  /** Ends the connection: nothing of this peer is believed any more. Does nothing where it is closed already. */
  close(reason: string): void;
}

export interface PeerHeaders {
  readonly rootTip: RootBlockHeader;
  readonly shardTip: MinorBlockHeader;
  readonly headers: readonly MinorBlockHeader[];
}
