import { describe, expect, it } from "vitest";
import type { QuarkChainConfig, ShardConfig } from "../chain/config.ts";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { makeFullShardId } from "../chain/shard-id.ts";
import { areNeighbors, areNeighborsAt, reachableShards } from "./shard-neighbors.ts";

describe("areNeighbors (quarkchain/cluster/neighbor.py is_neighbor)", () => {
  const id = (chainId: number, shardId: number) => makeFullShardId(chainId, 64, shardId);

  it("is true for all up to 32 shards", () => {
    expect(areNeighbors(id(0, 0), id(5, 3), 32)).toBe(true);
    expect(areNeighbors(id(0, 0), id(5, 3), 33)).toBe(false);
  });

  it("is true beyond where chain or shard is the same and the other differs by a power of two", () => {
    expect([0, 1, 2, 3, 4, 5, 8, 12].map((shard) => areNeighbors(id(1, 0), id(1, shard), 64))).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect([0, 2, 3, 4, 9].map((chain) => areNeighbors(id(1, 7), id(chain, 7), 64))).toEqual([
      true,
      true,
      true,
      false,
      true,
    ]);
    expect(areNeighbors(id(1, 1), id(2, 2), 64)).toBe(false);
  });
});

/** Chains of 4 shards; chain n is born at root height n. */
function configOf(chains: number): QuarkChainConfig {
  const { quarkchain } = readFixtureConfig("defaults.json");
  const template = quarkchain.shards.get(2) as ShardConfig;
  const shards = new Map<number, ShardConfig>();
  for (let chainId = 0; chainId < chains; chainId++) {
    for (let shardId = 0; shardId < 4; shardId++) {
      const fullShardId = makeFullShardId(chainId, 4, shardId);
      shards.set(fullShardId, { ...template, fullShardId, genesis: { ...template.genesis, rootHeight: chainId } });
    }
  }
  return { ...quarkchain, shards };
}

describe("by root height", () => {
  const config = configOf(9);

  it("only shards born below it count (shard_state.py _is_neighbor)", () => {
    const [a, b] = [makeFullShardId(0, 4, 0), makeFullShardId(1, 4, 3)];
    expect(areNeighborsAt(config, a, b, 8)).toBe(true);
    expect(areNeighborsAt(config, a, b, 9)).toBe(false);
  });

  it("transactions reach neighbours that are already born (shard_state.py __validate_tx)", () => {
    const from = makeFullShardId(0, 4, 0);
    expect([...reachableShards(config, from, 1)]).toEqual([4, 5, 6, 7]);
    expect([...reachableShards(config, from, 0)]).toEqual([]);
    const far = reachableShards(config, from, 9);
    expect([...far]).toEqual([4, 5, 6, ...[1, 2, 4, 8].map((chainId) => makeFullShardId(chainId, 4, 0))]);
  });
});
