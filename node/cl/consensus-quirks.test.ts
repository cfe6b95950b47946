import { describe, expect, test } from "vitest";
import type { ShardSource } from "../archive/block-source.ts";
import { minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlockHeader, rootHeaderHash } from "../chain/root-block.ts";
import { bytesEqual, type Hash32, toHex, ZERO_HASH } from "../codec/bytes.ts";
import type { EngineClient } from "../el/block-executor.ts";
import { CONFIG, FIRST_SHARD, genesisOf, minorBlockOn, ROOT_GENESIS, rootBlockOn } from "./chain-rules.testkit.ts";
import { MinorChain } from "./minor-chain.ts";
import { RootChain } from "./root-chain.ts";
import { RootCl } from "./root-cl.ts";
import { ShardCl } from "./shard-cl.ts";

const GENESIS = {
  ...minorBlockOn(genesisOf(FIRST_SHARD), ROOT_GENESIS),
  header: genesisOf(FIRST_SHARD),
  transactions: [],
};
const BLOCKS = [GENESIS];
for (let height = 1; height <= 260; height++) {
  BLOCKS.push({ ...minorBlockOn(BLOCKS[height - 1].header, ROOT_GENESIS), transactions: [] });
}
const HASHES = BLOCKS.map(({ header }) => minorHeaderHash(header));

const ROOT_SOURCE = {
  hasRootBlock: () => true,
  rootBlock: () => ({ header: ROOT_GENESIS, minorHeaders: [], trackingData: new Uint8Array(0) }),
  rootHeader: (): RootBlockHeader => ROOT_GENESIS,
};
const SOURCE = {
  ...ROOT_SOURCE,
  fullShardId: FIRST_SHARD,
  minorBlock: (hash: Hash32) => BLOCKS[HASHES.findIndex((known) => bytesEqual(known, hash))],
  hasMinorBlock: (hash: Hash32) => HASHES.some((known) => bytesEqual(known, hash)),
  depositList: () => undefined,
} as unknown as ShardSource;
const ROOT_CHAIN = new RootChain(ROOT_SOURCE, rootHeaderHash(ROOT_GENESIS));

const shardCl = (config = CONFIG) => new ShardCl({ config, source: SOURCE, rootChain: ROOT_CHAIN, rootTipHeight: 10 });

test("BLOCKHASH reaches genesis and 256 blocks, not one more", () => {
  const near = new MinorChain(SOURCE).ancestorsFrom(HASHES[3]);
  expect([1, 2, 3, 4, 5].map((distance) => near(distance) && toHex(near(distance)!))).toEqual([
    ...[3, 2, 1, 0].map((height) => toHex(HASHES[height])),
    undefined,
  ]);
  const far = new MinorChain(SOURCE).ancestorsFrom(HASHES[259]);
  expect(far(256)).toEqual(HASHES[4]);
  expect(far(257)).toBeUndefined();
});

describe("QkcHash with rotation statistics", () => {
  test("begins at the minor block's own height", () => {
    const cl = shardCl({ ...CONFIG, enableQkchashXHeight: 7 });
    expect([6, 7, 8].map((height) => cl.sealOf(BLOCKS[height], 1n).qkchashX)).toEqual([false, true, true]);
    expect(shardCl({ ...CONFIG, enableQkchashXHeight: null }).sealOf(BLOCKS[8], 1n).qkchashX).toBe(false);
  });

  test("is never used for root blocks", () => {
    const config = { ...CONFIG, enableQkchashXHeight: 0 };
    const cl = new RootCl({
      config,
      rootChain: ROOT_CHAIN,
      isMinorKnown: () => true,
      stakesAfter: () => ({ stakes: 0n, signer: new Uint8Array(20) }),
    });
    const block = rootBlockOn(ROOT_GENESIS, []);
    expect(cl.sealOf({ hash: ZERO_HASH, block, minorHashes: [] }, 1n).qkchashX).toBe(false);
  });
});

test("stakes are the genesis token balance in the parent's state", async () => {
  const asked: unknown[] = [];
  const engine = {
    getBalance: (request: unknown) => {
      asked.push(request);
      return 0n;
    },
  } as unknown as EngineClient;
  await shardCl().sealTargetOf(BLOCKS[5], ZERO_HASH, engine);
  const address = BLOCKS[5].header.coinbaseAddress.recipient;
  expect(asked).toEqual([{ fullShardId: FIRST_SHARD, stateRoot: ZERO_HASH, address, tokenId: CONFIG.genesisTokenId }]);
});

test("the stakes of a block's payload hang on the parent's time and count the parent's window", () => {
  const posw = { ...CONFIG.shards.get(FIRST_SHARD)!.posw, enabled: true, windowSize: 4, totalStakePerBlock: 100n };
  const locked = (enableTimestamp: number) => {
    const shards = new Map(CONFIG.shards);
    shards.set(FIRST_SHARD, { ...CONFIG.shards.get(FIRST_SHARD)!, posw: { ...posw, enableTimestamp } });
    return shardCl({ ...CONFIG, shards }).payloadOf(BLOCKS[9], ZERO_HASH).senderDisallowMap;
  };
  const parent = BLOCKS[8].header.createTime;
  expect([...locked(parent).values()]).toEqual([400n]);
  expect([...locked(parent + 1)]).toEqual([]);
});
