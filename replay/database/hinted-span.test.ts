import { afterAll, beforeAll, expect, test } from "vitest";
import type { BlockSource } from "../../node/archive/block-source.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { hintedSpan } from "./hinted-span.ts";
import { overriding } from "./overriding.testkit.ts";
import { countMinorBlocks, proveSpan } from "./root-span.ts";

let source: BlockSource;
let chain: RootChain;
let rootTip: Hash32;

beforeAll(() => {
  source = openArchive("fixtures/pyqkc-small", {});
  rootTip = source.rootTipHash() as Hash32;
  chain = new RootChain(source.rootBlocks(), rootTip);
});

afterAll(() => source.close());

const spanOf = (from: number, to: number) => ({ rootTip, from, to, shards: source.fullShardIds, longerThan: 0 });
const withHints = (rootHashHint: BlockSource["rootHashHint"]): BlockSource =>
  overriding<BlockSource>(source, { rootHashHint });

test("the index says of a span what its links say", () => {
  for (const [from, to] of [
    [1, chain.tipHeight],
    [9, chain.tipHeight - 1],
  ]) {
    const hinted = hintedSpan(source, spanOf(from, to));
    const counted = countMinorBlocks(source.rootBlocks(), chain, from, to, source.fullShardIds);
    expect(hinted?.costs.minorBlocksPerShard).toEqual(counted.minorBlocksPerShard);
    for (let height = from; height <= to; height++) {
      expect(hinted?.rootHashAt(height)).toBe(toHex(chain.hashAt(height)));
    }
  }
});

test("a short span is followed instead", () => {
  expect(hintedSpan(source, { ...spanOf(1, chain.tipHeight), longerThan: undefined })).toBeUndefined();
});

test("an index that does not lead to the ends of the span, or ends in another tip, tells nothing", () => {
  const other = chain.hashAt(3);
  const span = spanOf(1, chain.tipHeight);
  expect(
    hintedSpan(
      withHints(() => undefined),
      span,
    ),
  ).toBeUndefined();
  expect(
    hintedSpan(
      withHints(() => other),
      span,
    ),
  ).toBeUndefined();
  const missing = (height: number) => (height === 1 ? undefined : source.rootHashHint(height));
  expect(hintedSpan(withHints(missing), span)).toBeUndefined();
});

test("the links are followed to the end of the span, and give the hashes that were asked for", async () => {
  const heights = [5, 9, chain.tipHeight];
  const span = { rootTip, from: 5, to: chain.tipHeight - 2, shards: source.fullShardIds, heights };
  const proved = await proveSpan(source.rootBlocks(), span, () => true);
  expect([...proved.hashes].sort(([a], [b]) => a - b)).toEqual(
    heights.map((height) => [height, toHex(chain.hashAt(height))]),
  );
  const { minorBlocks } = countMinorBlocks(source.rootBlocks(), chain, 5, chain.tipHeight - 2, source.fullShardIds);
  expect(proved.minorBlocks).toBe(minorBlocks.reduce((sum, blocks) => sum + blocks, 0));
});

test("a block at another height than its place breaks the chain", async () => {
  const skipping = overriding(source.rootBlocks(), {
    rootBlock: (hash: Hash32) => {
      const block = source.rootBlocks().rootBlock(hash);
      return block.header.height === 4 ? source.rootBlocks().rootBlock(chain.hashAt(3)) : block;
    },
  });
  const span = { rootTip, from: 1, to: chain.tipHeight, shards: [], heights: [] };
  await expect(proveSpan(skipping, span, () => true)).rejects.toThrow(DatabaseDamagedError);
});
