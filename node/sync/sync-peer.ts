import type { MinorBlock, MinorBlockHeader } from "../chain/minor-block.ts";
import type { RootBlockHeader } from "../chain/root-block.ts";
import type { Hash32 } from "../codec/bytes.ts";
import { reasonOf } from "../codec/errors.ts";
import { PeerFaultError } from "./peer-fault.ts";

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

/**
 * What a peer was asked for. Throws PeerFaultError where it does not answer, and at once where it leaves, whatever becomes
 * of the answer.
 */
export async function asked<T>({ name, signal }: SyncPeer, what: string, answer: Promise<T>): Promise<T> {
  let leave = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(new Error("it has left"));
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave);
  });
  try {
    return await Promise.race([answer, left]);
  } catch (error) {
    throw new PeerFaultError(`${name}: asked for ${what}: ${reasonOf(error)}`, { cause: error });
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
