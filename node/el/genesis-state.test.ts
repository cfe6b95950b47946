import { describe, expect, it } from "vitest";
import { CONFIG_FILES, EXPECTED, readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { buildGenesisState } from "./genesis-state.ts";
import type { NodeStore } from "./state/node-store.ts";

function memoryStore(): NodeStore {
  const rows = new Map<string, Uint8Array>();
  return {
    get: (hash: Hash32) => rows.get(bytesKey(hash))!,
    put: (hash: Hash32, value: Uint8Array) => void rows.set(bytesKey(hash), value),
  };
}

describe("buildGenesisState", () => {
  const cases = CONFIG_FILES.flatMap((name) =>
    EXPECTED.configs[name].shards.map(({ fullShardId, genesis }) => ({ name, id: fullShardId, genesis })),
  );

  it.each(cases)("of shard $id of $name has pyquarkchain's root", ({ name, id, genesis }) => {
    const shard = readFixtureConfig(name).quarkchain.shards.get(id)!;
    expect(toHex(buildGenesisState(memoryStore(), shard.genesis.accounts))).toBe(genesis.stateRoot);
  });
});
