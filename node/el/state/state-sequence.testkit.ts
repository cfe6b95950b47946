import { expect } from "vitest";
import type { Log } from "../../chain/receipt.ts";
import { type Address, asAddress, bigIntToBytes, fromHex, type Hash32, toHex, utf8 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../../codec/keccak.ts";
import { MemoryNodeStore } from "../trie/trie.testkit.ts";
import { Trie } from "../trie/trie.ts";
import type { Snapshot } from "./evm-state.ts";
import { StateCache } from "./state-cache.ts";
import { WorldState } from "./world-state.ts";

/** A random sequence of operations with pyquarkchain's answers: scripts/oracle/state/sequences.py. */
export interface StateSequence {
  readonly seed: number;
  readonly blocks: readonly SequenceBlock[];
  /** Keys of pyquarkchain's database, when they were asked for. */
  readonly rows?: readonly string[];
}

interface SequenceBlock {
  /** Whether a new state starts here, or the committed one goes on. */
  readonly fresh: boolean;
  readonly ops: readonly Operation[];
  readonly root: string;
  readonly accounts: readonly (string | null)[];
}

// biome-ignore lint/suspicious/noExplicitAny: recorded operations are loosely typed rows
type Operation = readonly any[];

/** Plays a sequence and expects pyquarkchain's answers at every read and every commit. */
export function replaySequence(sequence: StateSequence, cache: StateCache = new StateCache()): MemoryNodeStore {
  const store = new MemoryNodeStore();
  let state = new WorldState(store, EMPTY_TRIE_ROOT, cache);
  let root: Hash32 = EMPTY_TRIE_ROOT;
  for (const [number, block] of sequence.blocks.entries()) {
    if (block.fresh) state = new WorldState(store, root, cache);
    const snapshots: Snapshot[] = [];
    for (const [index, op] of block.ops.entries()) {
      const at = `seed ${sequence.seed} block ${number} op ${index}: ${JSON.stringify(op)}`;
      const [expected, actual] = perform(state, snapshots, op);
      expect(actual, at).toEqual(expected);
    }
    root = state.commit();
    const at = `seed ${sequence.seed} block ${number}`;
    expect(storedAccounts(store, root, block.accounts.length), at).toEqual(block.accounts);
    expect(toHex(root), at).toBe(block.root);
  }
  return store;
}

/** Performs one operation: what was recorded, and what came out here. */
function perform(state: WorldState, snapshots: Snapshot[], [name, ...args]: Operation): [unknown, unknown] {
  const account = address(typeof args[0] === "number" ? args[0] : 0);
  const done: [unknown, unknown] = [undefined, undefined];
  switch (name) {
    case "setNonce":
      state.setNonce(account, BigInt(args[1]));
      return done;
    case "incrementNonce":
      state.incrementNonce(account);
      return done;
    case "setCode":
      state.setCode(account, fromHex(args[1]));
      return done;
    case "setBalance":
      state.setBalance(account, BigInt(args[1]), BigInt(args[2]));
      return done;
    case "addBalance":
      state.addBalance(account, BigInt(args[1]), BigInt(args[2]));
      return done;
    case "transfer":
      return [args[4], state.transfer(account, address(args[1]), BigInt(args[2]), BigInt(args[3]))];
    case "deduct":
      return [args[3], state.deduct(account, BigInt(args[1]), BigInt(args[2]))];
    case "setStorage":
      state.setStorage(account, BigInt(args[1]), BigInt(args[2]));
      return done;
    case "resetStorage":
      state.resetStorage(account);
      return done;
    case "deleteAccount":
      state.deleteAccount(account);
      return done;
    case "setFullShardKey":
      state.fullShardKey = args[0];
      return done;
    case "addLog":
      state.addLog({ address: account, topics: [], data: utf8(args[0]) });
      return done;
    case "addSelfDestruct":
      state.addSelfDestruct(account);
      return done;
    case "addRefund":
      state.addRefund(BigInt(args[0]));
      return done;
    case "resetSubstate":
      state.resetSubstate();
      return done;
    case "accountExists":
      return [args[1], state.accountExists(account)];
    case "getNonce":
      return [args[1], String(state.getNonce(account))];
    case "getCode":
      return [args[1], toHex(state.getCode(account))];
    case "getCodeHash":
      return [args[1], toHex(state.getCodeHash(account))];
    case "getBalance":
      return [args[2], String(state.getBalance(account, BigInt(args[1])))];
    case "getStorage":
      return [args[2], String(state.getStorage(account, BigInt(args[1])))];
    case "substate":
      return [args, substate(state)];
    case "snapshot":
      snapshots.push(state.snapshot());
      return done;
    case "revert":
      state.revert(snapshots[args[0]]);
      snapshots.length = args[0] + 1;
      return done;
    default:
      throw new Error(`unknown operation ${name}`);
  }
}

function substate(state: WorldState): unknown[] {
  const texts = state.logs.map((log: Log) => Buffer.from(log.data).toString());
  const destructed = state.selfDestructs.map((account) => account[19]);
  return [state.fullShardKey, texts, destructed, String(state.refund)];
}

function storedAccounts(store: MemoryNodeStore, root: Hash32, count: number): (string | null)[] {
  const trie = new Trie(store, root);
  return Array.from({ length: count }, (_, index) => {
    const stored = trie.get(keccak256(address(index)));
    return stored === undefined ? null : toHex(stored);
  });
}

function address(index: number): Address {
  return asAddress(bigIntToBytes(BigInt(index), 20));
}
