import { setImmediate as nextTurn } from "node:timers/promises";
import type { RootBlockSource } from "../../node/archive/block-source.ts";
import type { RootChain } from "../../node/cl/root-chain.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { ProvedSpan, RootBlockCosts, SpanToProve } from "../work/range-job.ts";

/** The thread has a display and workers to look after. */
const SLICE_MILLISECONDS = 5;

/** What each root block of a span confirms; reads and decodes all of them. */
export function countMinorBlocks(
  rootBlocks: RootBlockSource,
  rootChain: RootChain,
  from: number,
  to: number,
  shards: readonly number[],
): Omit<RootBlockCosts, "gas"> {
  const minorBlocks = new Uint32Array(to - from + 1);
  const minorBlocksPerShard = new Map(shards.map((id) => [id, 0]));
  for (let height = to; height >= from; height--) {
    for (const { branch } of rootBlocks.rootBlock(rootChain.hashAt(height)).minorHeaders) {
      const counted = minorBlocksPerShard.get(branch);
      if (counted === undefined) continue;
      minorBlocksPerShard.set(branch, counted + 1);
      minorBlocks[height - from]++;
    }
  }
  return { minorBlocks, minorBlocksPerShard };
}

/**
 * Follows the links from the tip down to root block `from`, in slices between which other work of the thread runs, and
 * counts what to..from confirm. Of the chain only what was asked for is kept: it may have millions of blocks.
 */
export async function proveSpan(
  rootBlocks: RootBlockSource,
  { rootTip, from, to, shards, heights }: SpanToProve & { readonly rootTip: Hash32 },
  isNeeded: () => boolean,
): Promise<ProvedSpan> {
  const wanted = new Set(heights);
  const hashes = new Map<number, string>();
  let minorBlocks = 0;
  let hash = rootTip;
  let expected = rootBlocks.rootHeader(rootTip).height;
  let sliceEnd = performance.now() + SLICE_MILLISECONDS;
  for (; expected >= from; expected--) {
    if (performance.now() > sliceEnd) {
      await nextTurn();
      if (!isNeeded()) break;
      sliceEnd = performance.now() + SLICE_MILLISECONDS;
    }
    if (wanted.has(expected)) hashes.set(expected, toHex(hash));
    const inSpan = expected <= to ? rootBlocks.rootBlock(hash) : undefined;
    const header = inSpan?.header ?? rootBlocks.rootHeader(hash);
    if (header.height !== expected) {
      throw new DatabaseDamagedError(
        `broken root chain: block ${toHex(hash)} stands at height ${expected} but says ${header.height}`,
      );
    }
    for (const { branch } of inSpan?.minorHeaders ?? []) if (shards.includes(branch)) minorBlocks++;
    hash = header.prevBlockHash;
  }
  return { hashes, minorBlocks };
}
