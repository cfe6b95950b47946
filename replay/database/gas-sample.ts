import type { BlockSource } from "../../node/archive/block-source.ts";
import type { RootChainBlock } from "../../node/cl/root-chain.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";

/** Root blocks looked into: enough to see where the busy times are, few enough to cost nothing beside the check. */
const MAX_SAMPLES = 256;

/**
 * About how much gas the minor blocks of each root block from..to use (index = height − from). Every root block of a short
 * span is looked into; of a long one some, and the gas of the others is taken to be that of the sample before them. It serves
 * to share out work and to tell the time that is left: rows that cannot be read count nothing, the check will name them.
 */
export function sampleGas(
  source: BlockSource,
  rootBlockAt: (height: number) => RootChainBlock,
  from: number,
  to: number,
  shards: readonly number[],
  maxSamples = MAX_SAMPLES,
): Float64Array {
  const gas = new Float64Array(to - from + 1);
  const stride = Math.ceil(gas.length / maxSamples);
  for (let at = 0; at < gas.length; at += stride) {
    gas.fill(gasOf(source, rootBlockAt(from + at), shards), at, at + stride);
  }
  return gas;
}

function gasOf(source: BlockSource, { block, minorHashes }: RootChainBlock, shards: readonly number[]): number {
  let gas = 0;
  for (const [i, { branch }] of block.minorHeaders.entries()) {
    if (shards.includes(branch)) gas += readGas(() => source.shard(branch).minorBlock(minorHashes[i]).meta.gasUsed);
  }
  return gas;
}

function readGas(read: () => bigint): number {
  try {
    return Number(read());
  } catch (error) {
    if (error instanceof DatabaseDamagedError) return 0;
    throw error;
  }
}
