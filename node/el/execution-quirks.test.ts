import { describe, expect, test } from "vitest";
import type { CrossShardDeposit } from "../chain/deposit.ts";
import { plainDeposit, plainTransaction } from "../chain/plain-messages.testkit.ts";
import { encodeReceipt } from "../chain/receipt.ts";
import { addressOfKey, sign, wrap } from "../chain/signing.testkit.ts";
import { type Address, addressFromHex, bytesToBigInt, toHex } from "../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../codec/keccak.ts";
import { ExecutionLayer } from "./execution-layer.ts";
import type { DueDeposit, ExecutionPayload } from "./payload.ts";
import { readAccount } from "./state/read-account.ts";
import { WorldState } from "./state/world-state.ts";
import { type Allocation, allocate, networkConfig, QKC_TOKEN } from "./transactions/vectors.testkit.ts";
import { orderedTrieRoot } from "./trie/ordered-trie-root.ts";
import { MemoryNodeStore } from "./trie/trie.testkit.ts";

const KEY = new Uint8Array(32).fill(5);
const SENDER = addressOfKey(KEY);
const MINER = addressFromHex("cccc0000000000000000000000000000000000cc");
const SOMEBODY = addressFromHex("bbbb0000000000000000000000000000000000bb");
const ROOT_MINER = addressFromHex("eeee0000000000000000000000000000000000ee");
const CONTRACT = addressFromHex("dddd0000000000000000000000000000000000dd");
/** Stores GASLIMIT in the slot that the call data names, then logs nothing under one topic. */
const NOTES_GAS_LIMIT = "0x4560003555600160006000a1";

const TRANSACTION = plainTransaction({ to: CONTRACT, data: new Uint8Array(32).fill(1, 31) });

const DEPOSIT = plainDeposit({
  from: { recipient: SOMEBODY, fullShardKey: 0x10001 },
  to: { recipient: CONTRACT, fullShardKey: 1 },
  gasRemained: 100_000n,
  messageData: new Uint8Array(32).fill(2, 31),
});

function due(...deposits: readonly Partial<CrossShardDeposit>[]): DueDeposit[] {
  return deposits.map((change, xshardDepositIndex) => ({
    deposit: { ...DEPOSIT, ...change },
    cursor: { rootBlockHeight: 90000, minorBlockIndex: 1, xshardDepositIndex },
  }));
}

function runBlock(change: Partial<ExecutionPayload>) {
  const store = new MemoryNodeStore();
  const allocation: Allocation = {
    [`${toHex(CONTRACT)}00000001`]: { balances: {}, code: NOTES_GAS_LIMIT },
    [`${toHex(SENDER)}00000001`]: { balances: { QKC: "1000000" } },
  };
  const payload: ExecutionPayload = {
    fullShardId: 1,
    parentStateRoot: allocate(store, allocation),
    height: 1,
    timestamp: 100,
    coinbase: MINER,
    difficulty: 1n,
    gasLimit: 12_000_000n,
    xshardGasLimit: 6_000_000n,
    transactions: [],
    deposits: [],
    exhaustedCursor: { rootBlockHeight: 90001, minorBlockIndex: 0, xshardDepositIndex: 0 },
    senderDisallowMap: new Map(),
    ancestorHash: () => undefined,
    reachableShards: new Set(),
    blockReward: new Map([[QKC_TOKEN, 3n]]),
    ...change,
  };
  const result = new ExecutionLayer(networkConfig("devnet"), store).execute(payload);
  const keyOf = (address: Address) => readAccount(store, result.stateRoot, address)?.fullShardKey;
  const slot = (index: bigint) => new WorldState(store, result.stateRoot).getStorage(CONTRACT, index);
  return { result, keyOf, slot };
}

describe("shard key of a miner that the reward creates", () => {
  test("is 0 in a block without transactions and deposits", () => {
    expect(runBlock({}).keyOf(MINER)).toBe(0);
  });

  test("is the key of the last deposit, be it of another chain", () => {
    const address = { recipient: ROOT_MINER, fullShardKey: 0x50001 };
    const rootCoinbase = { from: address, to: address, gasRemained: 0n, isFromRootChain: true };
    // A fee of 0 looks at the miner already.
    const { keyOf } = runBlock({ deposits: due(rootCoinbase) });
    expect(keyOf(MINER)).toBe(0x50001);
  });
});

describe("gas of a block", () => {
  const typed = wrap(sign(TRANSACTION, KEY));

  test("what deposits leave of their limit is taken from the transactions', and GASLIMIT tells", () => {
    const { result, slot } = runBlock({ deposits: due({}), transactions: [typed] });
    const used = result.xshardReceiveGasUsed;
    expect(slot(2n)).toBe(12_000_000n);
    expect(slot(1n)).toBe(12_000_000n - (6_000_000n - used));
    const tooMuch = wrap(sign({ ...TRANSACTION, startGas: 6_000_001n }, KEY));
    expect(() => runBlock({ transactions: [tooMuch] })).toThrow(/BLOCK_GAS_LIMIT/);
  });

  test("deposits run until their limit is reached, which the last one may overstep", () => {
    const deposits = due({}, { messageData: new Uint8Array(32).fill(3, 31) }, {});
    const { result } = runBlock({ deposits, xshardGasLimit: 40_000n });
    expect(result.depositsConsumed).toBe(2);
    expect(result.xshardReceiveGasUsed).toBeGreaterThan(40_000n);
    expect(result.xshardCursor).toEqual(deposits[1].cursor);
    const exact = runBlock({ deposits, xshardGasLimit: result.xshardReceiveGasUsed });
    expect(exact.result.depositsConsumed).toBe(2);
    const oneMore = runBlock({ deposits, xshardGasLimit: result.xshardReceiveGasUsed + 1n });
    expect(oneMore.result.depositsConsumed).toBe(3);
  });

  test("receipts count the gas of deposits first and stand behind the transactions' in the trie", () => {
    const { result } = runBlock({ deposits: due({}), transactions: [typed] });
    const [ofTransaction, ofDeposit] = result.receipts;
    expect(ofDeposit.cumulativeGasUsed).toBe(result.xshardReceiveGasUsed);
    expect(ofTransaction.cumulativeGasUsed).toBe(result.gasUsed);
    expect(ofTransaction.cumulativeGasUsed).toBeGreaterThan(ofDeposit.cumulativeGasUsed);
    const root = orderedTrieRoot([ofTransaction, ofDeposit].map(encodeReceipt), new MemoryNodeStore());
    expect(result.receiptRoot).toEqual(root);
  });

  test("the block's bloom covers deposits", () => {
    const { result } = runBlock({ deposits: due({}) });
    expect(bytesToBigInt(result.bloom)).not.toBe(0n);
    expect(bytesToBigInt(runBlock({}).result.bloom)).toBe(0n);
  });

  test("a block without receipts has the empty trie's root", () => {
    expect(runBlock({}).result.receiptRoot).toEqual(EMPTY_TRIE_ROOT);
  });
});

test("reward and fees are one map, a fee of zero adds nothing to the reward's entry", () => {
  const { result } = runBlock({ transactions: [wrap(sign({ ...TRANSACTION, gasPrice: 1n }, KEY))] });
  const gas = result.gasUsed;
  expect(result.coinbaseAmounts).toEqual(new Map([[QKC_TOKEN, 3n + gas / 2n]]));
});

test("a question to a contract outside every block sees time and height 0 and a gas limit of its own", () => {
  const store = new MemoryNodeStore();
  // Returns TIMESTAMP, NUMBER and GASLIMIT.
  const code = "0x42600052436020524560405260606000f3";
  const root = allocate(store, { [`${toHex(CONTRACT)}00000001`]: { balances: {}, code } });
  const { output } = new ExecutionLayer(networkConfig("devnet"), store).call(
    root,
    CONTRACT,
    new Uint8Array(0),
    1_000_000n,
  );
  expect([0, 32, 64].map((at) => bytesToBigInt(output.subarray(at, at + 32)))).toEqual([0n, 0n, 3141592n]);
});
