import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { RootChain } from "../../node/cl/root-chain.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";

/** The root block that confirms a minor block, which comes after the one that it names; null where none does yet. */
export function confirmingRoot(
  rootChain: RootChain,
  { header }: MinorBlock,
  hash: Hash32,
): { readonly rootHeight: number | null; readonly rootHash: string | null } {
  const named = rootChain.heightOf(header.prevRootBlockHash);
  for (let height = (named ?? rootChain.tipHeight) + 1; height <= rootChain.tipHeight; height++) {
    const { minorHashes, hash: rootHash } = rootChain.blockAt(height);
    if (minorHashes.some((one) => bytesEqual(one, hash))) return { rootHeight: height, rootHash: toHex(rootHash) };
  }
  return { rootHeight: null, rootHash: null };
}
