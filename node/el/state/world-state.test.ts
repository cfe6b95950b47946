import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import { type Address, asAddress, asHash32, bytesKey, type Hash32, toHex, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, QkcError } from "../../codec/errors.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccak256 } from "../../codec/keccak.ts";
import { MemoryNodeStore } from "../trie/trie.testkit.ts";
import { Trie } from "../trie/trie.ts";
import { type Account, encodeAccount } from "./account.ts";
import { balanceAt, readAccount } from "./read-account.ts";
import { StateCache } from "./state-cache.ts";
import { replaySequence, type StateSequence } from "./state-sequence.testkit.ts";
import { WorldState } from "./world-state.ts";

const QKC = 35760n;
const ALICE = account(0xa);
const BOB = account(0xb);

function account(byte: number): Address {
  return asAddress(new Uint8Array(20).fill(byte));
}

/** A state whose blocks follow each other, and the accounts each commit left. */
class Chain {
  readonly store = new MemoryNodeStore();
  readonly cache = new StateCache();
  root: Hash32 = EMPTY_TRIE_ROOT;

  block(run: (state: WorldState) => void): void {
    const state = new WorldState(this.store, this.root, this.cache);
    run(state);
    this.root = state.commit();
  }

  account(address: Address): Account | undefined {
    return readAccount(this.store, this.root, address);
  }

  balances(address: Address): string | undefined {
    const found = this.account(address);
    return found && toHex(found.tokenBalances);
  }
}

function recordedSequences(): StateSequence[] {
  const file = new URL("../../../fixtures/state/sequences.jsonl.gz", import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString().trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

describe("WorldState", () => {
  test.each(recordedSequences().map((sequence) => [sequence.seed, sequence] as const))(
    "answers as pyquarkchain did: sequence %i",
    (_, sequence) => {
      replaySequence(sequence);
      replaySequence(sequence, new StateCache(2000));
    },
  );

  it("gives an account the key in force at its first look-up", () => {
    const chain = new Chain();
    chain.block((state) => {
      state.fullShardKey = 0x30001;
      state.accountExists(ALICE);
      state.fullShardKey = 0x50001;
      state.addBalance(ALICE, QKC, 5n);
    });
    expect(chain.account(ALICE)?.fullShardKey).toBe(0x30001);
  });

  it("tells spent balances from none until the account is touched again", () => {
    const chain = new Chain();
    chain.block((state) => {
      state.addBalance(ALICE, QKC, 5n);
      state.incrementNonce(ALICE);
      state.addBalance(ALICE, QKC, -5n);
    });
    expect(chain.balances(ALICE)).toBe("00c0");
    chain.block((state) => state.getBalance(ALICE, QKC));
    expect(chain.balances(ALICE)).toBe("00c0");
    chain.block((state) => state.addBalance(ALICE, QKC, 0n));
    expect(chain.balances(ALICE)).toBe("");
  });

  it("touches an account that is given the balance it has", () => {
    const chain = new Chain();
    chain.block((state) => {
      state.addBalance(ALICE, QKC, 5n);
      state.incrementNonce(ALICE);
      state.setBalance(ALICE, QKC, 0n);
    });
    chain.block((state) => state.setBalance(ALICE, QKC, 0n));
    expect(chain.balances(ALICE)).toBe("");
  });

  it("leaves a zero entry behind when a balance change is taken back", () => {
    const chain = new Chain();
    chain.block((state) => {
      state.incrementNonce(ALICE);
      const before = state.snapshot();
      state.addBalance(ALICE, QKC, 5n);
      state.revert(before);
    });
    expect(chain.balances(ALICE)).toBe("00c0");
  });

  it("makes a token trie of more than 16 tokens at the commit, and keeps it", () => {
    const chain = new Chain();
    chain.block((state) => {
      for (let token = 1n; token <= 17n; token++) state.addBalance(ALICE, token, token);
      state.addBalance(ALICE, 17n, -17n);
    });
    expect(chain.balances(ALICE)).toMatch(/^00/);
    chain.block((state) => state.addBalance(ALICE, 17n, 17n));
    expect(chain.balances(ALICE)).toMatch(/^01.{64}$/);
    expect(balanceAt(chain.store, chain.root, ALICE, 16n)).toBe(16n);
    chain.block((state) => {
      for (let token = 1n; token <= 17n; token++) state.setBalance(ALICE, token, 0n);
    });
    expect(chain.balances(ALICE)).toBe(`01${toHex(EMPTY_TRIE_ROOT)}`);
    expect(balanceAt(chain.store, chain.root, ALICE, 16n)).toBe(0n);
  });

  it("does not bring balances back when a deletion is taken back", () => {
    const chain = new Chain();
    chain.block((state) => {
      state.addBalance(ALICE, QKC, 5n);
      state.setNonce(ALICE, 1n);
      state.setStorage(ALICE, 1n, 2n);
      const before = state.snapshot();
      state.deleteAccount(ALICE);
      state.revert(before);
      expect(state.getBalance(ALICE, QKC)).toBe(0n);
      expect(state.getNonce(ALICE)).toBe(1n);
      expect(state.getStorage(ALICE, 1n)).toBe(2n);
    });
    expect(chain.balances(ALICE)).toBe("");
  });

  it("removes a touched blank account, whatever its storage, and leaves an untouched one alone", () => {
    const chain = new Chain();
    const blank = { nonce: 0n, tokenBalances: new Uint8Array(0), codeHash: KECCAK_EMPTY, fullShardKey: 7 };
    const trie = new Trie(chain.store, EMPTY_TRIE_ROOT);
    for (const address of [ALICE, BOB]) {
      trie.put(keccak256(address), encodeAccount({ ...blank, storageRoot: EMPTY_TRIE_ROOT }));
    }
    chain.root = trie.commit();
    chain.block((state) => {
      expect(state.accountExists(BOB)).toBe(false);
      state.setStorage(ALICE, 1n, 1n);
    });
    expect(chain.account(ALICE)).toBeUndefined();
    expect(chain.account(BOB)?.fullShardKey).toBe(7);
  });

  it("moves value only when there is enough", () => {
    const state = new WorldState(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
    state.addBalance(ALICE, QKC, 5n);
    expect(state.transfer(ALICE, BOB, QKC, 6n)).toBe(false);
    expect(state.deduct(ALICE, QKC, 6n)).toBe(false);
    expect(state.transfer(ALICE, BOB, QKC, 3n)).toBe(true);
    expect(state.deduct(ALICE, QKC, 1n)).toBe(true);
    expect([state.getBalance(ALICE, QKC), state.getBalance(BOB, QKC)]).toEqual([1n, 3n]);
  });

  it("stores code at once, and gives the same array each time", () => {
    const chain = new Chain();
    const code = utf8("not really code");
    chain.block((state) => {
      const before = state.snapshot();
      state.setCode(ALICE, code);
      state.revert(before);
      expect(chain.store.rows.has(bytesKey(keccak256(code)))).toBe(true);
      expect(state.getCodeHash(ALICE)).toEqual(KECCAK_EMPTY);
      state.setCode(ALICE, code);
    });
    const later = new WorldState(chain.store, chain.root);
    expect(later.getCode(ALICE)).toEqual(code);
    expect(later.getCode(ALICE)).toBe(later.getCode(ALICE));
  });

  it("keeps code that its caller overwrites later", () => {
    const state = new WorldState(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
    const memory = Uint8Array.of(0x60, 0x01);
    state.setCode(ALICE, memory);
    memory.fill(0);
    expect(state.getCode(ALICE)).toEqual(Uint8Array.of(0x60, 0x01));
  });

  it("reports code that is missing", () => {
    const chain = new Chain();
    chain.block((state) => state.setCode(ALICE, utf8("gone")));
    chain.store.rows.delete(bytesKey(keccak256(utf8("gone"))));
    expect(() => new WorldState(chain.store, chain.root).getCode(ALICE)).toThrow(DatabaseDamagedError);
  });

  it("names the address of an account that cannot be read", () => {
    const store = new MemoryNodeStore();
    const trie = new Trie(store, EMPTY_TRIE_ROOT);
    trie.put(keccak256(ALICE), utf8("no account"));
    const root = trie.commit();
    const read = () => new WorldState(store, root).getNonce(ALICE);
    expect(read).toThrow(DatabaseDamagedError);
    expect(read).toThrow(toHex(ALICE));
  });

  it("keeps what a reverted transaction handed out", () => {
    const state = new WorldState(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
    const log = { address: ALICE, topics: [], data: utf8("log") };
    const before = state.snapshot();
    state.addLog(log);
    const { logs } = state;
    state.revert(before);
    state.revert(before);
    expect(state.logs).toEqual([]);
    expect(logs).toEqual([log]);
  });

  it("refuses a snapshot that a commit or an earlier revert made void", () => {
    const state = new WorldState(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
    const outer = state.snapshot();
    const inner = state.snapshot();
    state.revert(outer);
    expect(() => state.revert(inner)).toThrow(QkcError);
    state.commit();
    expect(() => state.revert(outer)).toThrow(QkcError);
  });

  it("reads a root that is not there as damage", () => {
    const root = asHash32(new Uint8Array(32).fill(1));
    expect(() => new WorldState(new MemoryNodeStore(), root).getNonce(ALICE)).toThrow(DatabaseDamagedError);
  });
});
