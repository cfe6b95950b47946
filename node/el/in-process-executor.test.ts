import { describe, expect, test } from "vitest";
import { plainDeposit } from "../chain/plain-messages.testkit.ts";
import { wrapTransaction } from "../chain/typed-transaction.ts";
import { addressFromHex, type Hash32, hashFromHex, toHex } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../codec/keccak.ts";
import { ExecutionLayer } from "./execution-layer.ts";
import { InProcessClient } from "./in-process-executor.ts";
import type { ExecutionPayload } from "./payload.ts";
import { allocate, networkConfig, QKC_TOKEN } from "./transactions/vectors.testkit.ts";
import { MemoryNodeStore } from "./trie/trie.testkit.ts";

const CONTRACT = addressFromHex("aaaa0000000000000000000000000000000000aa");
/** Counts its calls in slot 0 and returns the word it was given. */
const ECHO = "0x60016000540160005560003560005260206000f3";

function begin() {
  const store = new MemoryNodeStore();
  const allocation = { [`${toHex(CONTRACT)}00000001`]: { balances: { QKC: "70" }, code: ECHO } };
  const stateRoot = allocate(store, allocation);
  const client = new InProcessClient([new ExecutionLayer(networkConfig("devnet"), store)]);
  return { client, stateRoot, store };
}

function payload(parentStateRoot: Hash32, change: Partial<ExecutionPayload> = {}): ExecutionPayload {
  return {
    fullShardId: 1,
    parentStateRoot,
    height: 1,
    timestamp: 1,
    coinbase: addressFromHex("cccc0000000000000000000000000000000000cc"),
    difficulty: 1n,
    gasLimit: 12_000_000n,
    xshardGasLimit: 6_000_000n,
    transactions: [],
    deposits: [],
    exhaustedCursor: { rootBlockHeight: 2, minorBlockIndex: 0, xshardDepositIndex: 0 },
    senderDisallowMap: new Map(),
    ancestorHash: () => undefined,
    reachableShards: new Set(),
    blockReward: new Map([[QKC_TOKEN, 0n]]),
    ...change,
  };
}

const DEPOSIT = plainDeposit({
  from: { recipient: CONTRACT, fullShardKey: 1 },
  to: { recipient: CONTRACT, fullShardKey: 1 },
});
const CURSOR = { rootBlockHeight: 100_000, minorBlockIndex: 1, xshardDepositIndex: 0 };

describe("InProcessClient", () => {
  test("answers with what was computed; a reward of zero keeps its entry", () => {
    const { client } = begin();
    const result = client.newPayload(payload(EMPTY_TRIE_ROOT));
    expect(result).toMatchObject({
      status: "EXECUTED",
      computed: { gasUsed: 0n, receiptRoot: EMPTY_TRIE_ROOT, stateRoot: EMPTY_TRIE_ROOT, depositsConsumed: 0 },
    });
    expect(result.status === "EXECUTED" && result.computed.coinbaseAmounts).toEqual(new Map([[QKC_TOKEN, 0n]]));
  });

  test("a bad transaction makes the payload invalid and is named", () => {
    const { client, stateRoot } = begin();
    const transactions = [wrapTransaction(Uint8Array.of(0xc0))];
    expect(client.newPayload(payload(stateRoot, { transactions }))).toMatchObject({
      status: "INVALID",
      rejection: { transactionIndex: 0, reason: expect.stringContaining("(MALFORMED)") },
    });
  });

  test("a deposit that does not fit makes the payload invalid as a whole", () => {
    const { client, stateRoot } = begin();
    const deposits = [{ deposit: DEPOSIT, cursor: CURSOR }];
    const result = client.newPayload(payload(stateRoot, { deposits, gasLimit: 8999n }));
    expect(result).toMatchObject({ status: "INVALID", rejection: { reason: expect.stringContaining("9000 gas") } });
    expect(result.status === "INVALID" && result.rejection.transactionIndex).toBeUndefined();
  });

  test("deposits stop at the cross-shard gas limit, and what they leave of it is taken from the block", () => {
    const { client, stateRoot } = begin();
    const deposits = [0, 1, 2].map((xshardDepositIndex) => ({
      deposit: DEPOSIT,
      cursor: { ...CURSOR, xshardDepositIndex },
    }));
    const result = client.newPayload(payload(stateRoot, { deposits, xshardGasLimit: 9001n }));
    expect(result).toMatchObject({
      status: "EXECUTED",
      computed: { depositsConsumed: 2, xshardCursor: { xshardDepositIndex: 1 }, xshardReceiveGasUsed: 18000n },
    });
  });

  test("a damaged database is no verdict on the payload", () => {
    const { client } = begin();
    const absent = keccak256(new Uint8Array(1));
    const deposits = [{ deposit: DEPOSIT, cursor: CURSOR }];
    expect(() => client.newPayload(payload(absent, { deposits }))).toThrow(DatabaseDamagedError);
  });

  test("calls a contract and keeps nothing", () => {
    const { client, stateRoot, store } = begin();
    const rows = store.rows.size;
    const data = new Uint8Array(32).fill(3);
    const call = { fullShardId: 1, stateRoot, to: CONTRACT, data, gas: 1_000_000n };
    expect(client.call(call)).toEqual({
      codeHash: keccak256(Buffer.from(ECHO.slice(2), "hex")),
      success: true,
      output: data,
    });
    expect(client.call({ ...call, gas: 25_000n })).toMatchObject({ success: false, output: new Uint8Array(0) });
    expect(store.rows.size).toBe(rows);
  });

  test("reads balances, zero where there is no account", () => {
    const { client, stateRoot } = begin();
    const request = { fullShardId: 1, stateRoot, tokenId: QKC_TOKEN };
    expect(client.getBalance({ ...request, address: CONTRACT })).toBe(70n);
    expect(client.getBalance({ ...request, address: addressFromHex("11".repeat(20)) })).toBe(0n);
  });

  test("a shard without an execution layer is a mistake of the caller", () => {
    const { client } = begin();
    const missing = payload(hashFromHex("00".repeat(32)), { fullShardId: 65537 });
    expect(() => client.newPayload(missing)).toThrow(/no execution layer for shard 65537/);
  });
});
