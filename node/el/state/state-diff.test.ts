import { describe, expect, it } from "vitest";
import { type Address, asAddress, toHex } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccak256 } from "../../codec/keccak.ts";
import { MemoryNodeStore } from "../trie/trie.testkit.ts";
import { numberTrieKey } from "./number-trie.ts";
import { diffStates, type StateDifferences } from "./state-diff.ts";
import { WorldState } from "./world-state.ts";

const ALICE = address(0xa);
const BOB = address(0xb);
const QKC = 35760n;

function address(byte: number): Address {
  return asAddress(new Uint8Array(20).fill(byte));
}

type Change = (state: WorldState) => void;

/** A declared and a computed state that grow out of one before. */
function differences(before: Change, declared: Change, computed: Change, limit = 100): StateDifferences {
  const store = new MemoryNodeStore();
  const after = (root: typeof EMPTY_TRIE_ROOT, change: Change) => {
    const state = new WorldState(store, root);
    state.fullShardKey = 0x10001;
    change(state);
    return state.commit();
  };
  const base = after(EMPTY_TRIE_ROOT, before);
  return diffStates(store, { before: base, declared: after(base, declared), computed: after(base, computed) }, limit);
}

function manyTokens(count: number): Change {
  return (state) => {
    for (let token = 1n; token <= BigInt(count); token++) state.setBalance(ALICE, token, 100n + token);
  };
}

const nothing: Change = () => {};

describe("diffStates", () => {
  it("names the field of an account, with what it was before", () => {
    const { differences: found } = differences(
      (state) => state.setNonce(ALICE, 5n),
      (state) => state.setNonce(ALICE, 6n),
      (state) => state.setNonce(ALICE, 7n),
    );
    expect(found).toEqual([
      expect.objectContaining({
        addressHash: keccak256(ALICE),
        field: "nonce",
        before: 5n,
        declared: 6n,
        computed: 7n,
      }),
    ]);
  });

  it("names slots by the hash of their number, one side of which may be absent", () => {
    const { differences: found } = differences(
      (state) => {
        state.setNonce(ALICE, 1n);
        for (let slot = 0n; slot < 200n; slot++) state.setStorage(ALICE, slot, slot + 1n);
      },
      (state) => state.setStorage(ALICE, 7n, 0n),
      (state) => state.setStorage(ALICE, 7n, 9n),
    );
    expect(found).toEqual([
      expect.objectContaining({
        field: "storage",
        keyHash: numberTrieKey(7n),
        before: 8n,
        declared: undefined,
        computed: 9n,
      }),
    ]);
  });

  it("says that an account is absent on one side, and what the other has", () => {
    const { differences: found } = differences(
      nothing,
      (state) => {
        state.addBalance(BOB, QKC, 3n);
        state.setCode(BOB, Uint8Array.of(1, 2));
      },
      nothing,
    );
    expect(found.map(({ field, declared, computed }) => [field, declared, computed])).toEqual([
      ["exists", true, false],
      ["code", keccak256(Uint8Array.of(1, 2)), undefined],
      ["fullShardKey", 0x10001n, undefined],
      ["balance", 3n, undefined],
    ]);
  });

  it("takes no code for the code of an absent account", () => {
    const { differences: found } = differences(nothing, (state) => state.setNonce(BOB, 1n), nothing);
    expect(found.map(({ field }) => field)).not.toContain("code");
    expect(toHex(KECCAK_EMPTY)).toMatch(/^c5d246/);
  });

  it.each([
    ["a list", 3],
    ["a trie", 20],
  ])("names the token whose balance differs, kept in %s", (_, count) => {
    const { differences: found } = differences(
      manyTokens(count),
      (state) => state.setBalance(ALICE, 2n, 1n),
      (state) => state.setBalance(ALICE, 2n, 0n),
    );
    expect(found).toEqual([
      expect.objectContaining({ field: "balance", keyHash: numberTrieKey(2n), before: 102n, declared: 1n }),
    ]);
    expect(found[0].computed ?? 0n).toBe(0n);
    expect(found[0].tokenId).toBe(count > 16 ? undefined : 2n);
  });

  it("compares a list with a trie token by token", () => {
    const { differences: found } = differences(manyTokens(16), nothing, (state) => state.setBalance(ALICE, 99n, 1n));
    expect(found).toEqual([
      expect.objectContaining({ field: "balance", keyHash: numberTrieKey(99n), declared: undefined, computed: 1n }),
    ]);
  });

  it("tells an empty list of balances from none", () => {
    const { differences: found } = differences(
      (state) => state.setNonce(ALICE, 1n),
      (state) => {
        state.addBalance(ALICE, QKC, 1n);
        state.addBalance(ALICE, QKC, -1n);
      },
      nothing,
    );
    expect(found).toEqual([
      expect.objectContaining({
        field: "tokenBalances",
        declared: Uint8Array.of(0, 0xc0),
        computed: new Uint8Array(0),
      }),
    ]);
  });

  it("counts what is beyond the limit", () => {
    const write =
      (value: bigint): Change =>
      (state) => {
        for (let slot = 0n; slot < 50n; slot++) state.setStorage(ALICE, slot, value);
      };
    const { differences: found, omitted } = differences((state) => state.setNonce(ALICE, 1n), write(1n), write(2n), 7);
    expect(found).toHaveLength(7);
    expect(omitted).toBe(43);
  });
});
