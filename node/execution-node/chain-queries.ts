import { ancestorHashes } from "../chain/ancestor-hashes.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import type { ExecutionStore } from "../el/store/execution-store.ts";
import { ENGINE_ERROR, EngineError } from "../engine/engine-error.ts";

/** Hashes that BLOCKHASH finds in a block whose parent is a stored block, see ancestorHashes(). */
export function ancestorsFrom(store: ExecutionStore, parentHash: Hash32): (distance: number) => Hash32 | undefined {
  return ancestorHashes(parentHash, (hash) => store.block(hash).header);
}

/** Whether a block is the stored block `head` or one of its ancestors. Walks only where `head`'s chain is not canonical. */
export function isAncestor(store: ExecutionStore, hash: Hash32, head: Hash32): boolean {
  const height = store.findBlock(hash)?.header.height;
  if (height === undefined) return false;
  for (let at = head; ; ) {
    const { header } = store.block(at);
    if (header.height <= height) return bytesEqual(at, hash);
    if (store.isCanonical(at, header.height)) return store.isCanonical(hash, height);
    at = header.prevMinorBlockHash;
  }
}

/** Throws where the state after a stored block may be gone. */
export function refusePruned({ prunedBelow }: ExecutionStore, { header }: MinorBlock): void {
  if (header.height >= prunedBelow) return;
  throw new EngineError(
    ENGINE_ERROR.tooDeepReorg,
    `the state after block ${header.height} is pruned: states are kept from block ${prunedBelow} on`,
  );
}
