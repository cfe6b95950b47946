import { expect, test } from "vitest";
import { blockName, shardHex, shardName } from "./block-name.ts";

test("a block is named by its shard and height, in the spelling that is asked for", () => {
  const block = { fullShardId: 65537, height: 42 };
  expect([blockName(block), blockName(block, shardHex), blockName(block, shardName)]).toEqual([
    "shard 65537 block 42",
    "shard 0x10001 block 42",
    "shard 65537 (0x10001) block 42",
  ]);
  expect(blockName({ fullShardId: null, height: 42 }, shardHex)).toBe("root block 42");
});
