import type { BlockSource } from "../../node/archive/block-source.ts";
import type { RootChainBlock } from "../../node/cl/root-chain.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { HintedSpan } from "../work/range-job.ts";
import { sampleGas } from "./gas-sample.ts";

/** Root blocks that are counted and followed before a run in less time than it takes to start. */
const SHORT_SPAN = 512;
/** Looking into a root block and all it confirms takes some milliseconds. */
const GAS_SAMPLES = 16;
/** A shard that no root block so near confirms has no blocks worth a look, or too few for its number to matter. */
const NEAREST_CONFIRMATION = 64;

export interface SpanRequest {
  readonly rootTip: Hash32;
  readonly from: number;
  readonly to: number;
  readonly shards: readonly number[];
  /** Default: what takes longer to follow than to start. */
  readonly longerThan?: number;
}

/**
 * A span of the root chain as the height index has it. Numbers of minor blocks come from the heights that its ends
 * confirm. Undefined for a short one, and where a row of the index or a block that it names is missing: following the links
 * will tell more.
 */
export function hintedSpan(source: BlockSource, request: SpanRequest): HintedSpan | undefined {
  const { rootTip, from, to, shards, longerThan = SHORT_SPAN } = request;
  if (to - from < longerThan) return undefined;
  try {
    const tipHeight = source.rootBlocks().rootHeader(rootTip).height;
    const hintAt = (height: number) => (height === tipHeight ? rootTip : source.rootHashHint(height));
    const stored = source.rootHashHint(tipHeight);
    if (stored === undefined || !bytesEqual(stored, rootTip)) return undefined;
    const blockAt = (height: number) => blockHintedAt(source, hintAt, height);
    const minorBlocksPerShard = new Map(
      shards.map((shard) => [
        shard,
        heightConfirmedAt(blockAt, shard, to) - heightConfirmedAt(blockAt, shard, from - 1),
      ]),
    );
    const total = [...minorBlocksPerShard.values()].reduce((sum, blocks) => sum + blocks, 0);
    return {
      costs: {
        minorBlocks: new Uint32Array(to - from + 1).fill(Math.round(total / (to - from + 1))),
        minorBlocksPerShard,
        gas: sampleGas(source, blockAt, from, to, shards, GAS_SAMPLES),
      },
      rootHashAt: (height) => {
        const hash = hintAt(height);
        return hash === undefined ? undefined : toHex(hash);
      },
    };
  } catch (error) {
    if (error instanceof DatabaseDamagedError) return undefined;
    throw error;
  }
}

function blockHintedAt(
  source: BlockSource,
  hintAt: (height: number) => Hash32 | undefined,
  height: number,
): RootChainBlock {
  const hash = hintAt(height);
  const block = hash === undefined ? undefined : source.rootBlocks().hashedRootBlock?.(hash);
  if (block?.block.header.height === height) return block;
  throw new DatabaseDamagedError(`the height index does not lead to root block ${height}`);
}

/** Height of the shard's newest block that a root block at or a little below a height confirms; −1 for none from genesis on. */
function heightConfirmedAt(blockAt: (height: number) => RootChainBlock, shard: number, height: number): number {
  for (let at = height; at > height - NEAREST_CONFIRMATION; at--) {
    const header = blockAt(at).block.minorHeaders.findLast(({ branch }) => branch === shard);
    if (header !== undefined) return header.height;
    if (at === 0) return -1;
  }
  throw new DatabaseDamagedError(`no block of shard ${shard} is confirmed near root block ${height}`);
}
