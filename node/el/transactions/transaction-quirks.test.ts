import { describe, expect, test } from "vitest";
import { type EvmTransaction, intrinsicGas, isCrossShard } from "../../chain/evm-transaction.ts";
import { plainDeposit, plainTransaction } from "../../chain/plain-messages.testkit.ts";
import { type Address, addressFromHex, toHex, ZERO_HASH } from "../../codec/bytes.ts";
import { tokenIdEncode } from "../../codec/token-id.ts";
import { ExecutionAbortedError } from "../evm/abort.ts";
import { readAccount } from "../state/read-account.ts";
import { WorldState } from "../state/world-state.ts";
import { MemoryNodeStore } from "../trie/trie.testkit.ts";
import { applyDeposit } from "./apply-deposit.ts";
import { applyTransaction } from "./apply-transaction.ts";
import { beginExecution } from "./block-execution.testkit.ts";
import type { BlockExecution } from "./block-execution.ts";
import { GENERAL_NATIVE_TOKEN_CONTRACT } from "./native-token-gas.ts";
import { type Allocation, allocate, QKC_TOKEN } from "./vectors.testkit.ts";

const SENDER = addressFromHex("aaaa0000000000000000000000000000000000aa");
const NOBODY = addressFromHex("dddd0000000000000000000000000000000000dd");
const CONTRACT = addressFromHex("bbbb0000000000000000000000000000000000bb");
const HEIR = addressFromHex("eeee0000000000000000000000000000000000ee");
const QETH = tokenIdEncode("QETH");
const RICH = { [`${toHex(SENDER)}00000001`]: { balances: { QKC: "1000000000", QETH: "1000000000" } } };

const PLAIN = plainTransaction({ startGas: 1_000_000n, to: CONTRACT });

/** A block whose accounts can be looked up once it is committed. */
function beginBlock(contracts: Allocation = {}) {
  const store = new MemoryNodeStore();
  const state = new WorldState(store, allocate(store, { ...RICH, ...contracts }));
  const execution: BlockExecution = { ...beginExecution({}).execution, state };
  const send = (change: Partial<EvmTransaction>, sender: Address = SENDER) => {
    const transaction = { ...PLAIN, ...change };
    const crossShard = isCrossShard(transaction, execution.config.shardSizes);
    const gas = intrinsicGas(transaction, crossShard);
    return applyTransaction(execution, {
      transaction,
      hash: ZERO_HASH,
      sender,
      isCrossShard: crossShard,
      intrinsicGas: gas,
    });
  };
  const keyAfterBlock = (address: Address) => readAccount(store, state.commit(), address)?.fullShardKey;
  return { execution, state, send, keyAfterBlock };
}

const at = (address: Address, code: string, balances: Record<string, string> = {}): Allocation => ({
  [`${toHex(address)}00000001`]: { balances, code },
});

const push20 = (address: Address) => `73${toHex(address)}`;
/** CALL with no value and 100,000 gas, the result dropped. */
const call = (address: Address) => `6000600060006000600073${toHex(address)}620186a0f150`;

describe("shard key of an account", () => {
  test("an account that one transaction looks at keeps that key when a later one pays it", () => {
    const { send, keyAfterBlock } = beginBlock(at(CONTRACT, `0x${push20(NOBODY)}3150`));
    send({ toFullShardKey: 5 });
    send({ nonce: 1n, to: NOBODY, value: 1n, toFullShardKey: 6 });
    expect(keyAfterBlock(NOBODY)).toBe(5);
  });

  test("validation looks at the sender under the key of the transaction before", () => {
    const { send, keyAfterBlock } = beginBlock();
    send({ to: HEIR, toFullShardKey: 5 });
    send({ to: HEIR, toFullShardKey: 6 }, NOBODY);
    expect(keyAfterBlock(NOBODY)).toBe(5);
  });

  test("a self-destructed contract that is paid again has its old key", () => {
    const { send, keyAfterBlock } = beginBlock(at(CONTRACT, `0x${push20(HEIR)}ff`));
    send({ toFullShardKey: 5 });
    send({ nonce: 1n, value: 9n, toFullShardKey: 6 });
    expect(keyAfterBlock(CONTRACT)).toBe(1);
  });
});

test("a contract that is destroyed twice is refunded once", () => {
  const { execution, send } = beginBlock({
    ...at(CONTRACT, `0x${call(HEIR)}${call(HEIR)}`),
    ...at(HEIR, `0x${push20(SENDER)}ff`),
  });
  send({ startGas: 300_000n });
  const gas = 21000n + 2n * (6n * 3n + 3n + 700n + 2n) + 2n * (3n + 5000n);
  // Two refunds would be capped at half of the gas.
  expect(execution.gasUsed).toBe(gas - gas / 2n);
  const single = beginBlock({
    ...at(CONTRACT, `0x${"5b".repeat(60_000)}${call(HEIR)}${call(HEIR)}`),
    ...at(HEIR, `0x${push20(SENDER)}ff`),
  });
  single.send({ startGas: 300_000n });
  expect(single.execution.gasUsed).toBe(gas + 60_000n - 24_000n);
});

describe("negative gas at the end", () => {
  /** 2080 bytes of memory, then LOG0 over 2048 of them as the last instruction. */
  const code = "0x6001610800526108006000a0";

  test("ends a transaction, which makes the block invalid", () => {
    const { send } = beginBlock(at(CONTRACT, code));
    expect(() => send({ startGas: 24_000n })).toThrow(ExecutionAbortedError);
  });

  test("of a deposit leaves a block that nobody can make", () => {
    const { execution } = beginBlock(at(CONTRACT, code));
    const deposit = plainDeposit({
      from: { recipient: SENDER, fullShardKey: 0x10001 },
      to: { recipient: CONTRACT, fullShardKey: 1 },
      gasRemained: 3000n,
    });
    const cursor = { rootBlockHeight: 1, minorBlockIndex: 1, xshardDepositIndex: 0 };
    expect(() => applyDeposit(execution, { deposit, cursor })).toThrow(ExecutionAbortedError);
  });
});

test("the root chain's coinbase deposit has no gas: code at the address fails, the value stays", () => {
  const { execution, state } = beginBlock(at(CONTRACT, "0x5b00"));
  const address = { recipient: CONTRACT, fullShardKey: 1 };
  const deposit = plainDeposit({ from: address, to: address, value: 7n, isFromRootChain: true });
  const cursor = { rootBlockHeight: 90000, minorBlockIndex: 0, xshardDepositIndex: 1 };
  applyDeposit(execution, { deposit, cursor });
  expect(execution.depositReceipts).toMatchObject([{ success: false, cumulativeGasUsed: 0n }]);
  expect(state.getBalance(CONTRACT, QKC_TOKEN)).toBe(7n);
});

describe("gas in a native token", () => {
  /** Answers (refund rate 100, price 5) after `first`. */
  const manager = (first: string) =>
    at(GENERAL_NATIVE_TOKEN_CONTRACT, `0x${first}6064600052600560205260406000f3`, { QKC: "1000000000" });

  test("the payment is tried first, and what the trial looked at stays looked at", () => {
    const { send, keyAfterBlock } = beginBlock(manager(`${push20(NOBODY)}3150`));
    send({ gasTokenId: QETH, gasPrice: 1n, to: NOBODY, value: 1n, toFullShardKey: 6 });
    expect(keyAfterBlock(NOBODY)).toBe(0);
  });

  test("logs of the payment belong to the transaction, those of its trials do not", () => {
    const { execution, send } = beginBlock(manager("60006000a0"));
    send({ gasTokenId: QETH, gasPrice: 1n, to: NOBODY });
    expect(execution.receipts[0].logs.map(({ address }) => address)).toEqual([GENERAL_NATIVE_TOKEN_CONTRACT]);
  });

  test("GASPRICE shows the converted price", () => {
    const { state, send } = beginBlock({ ...manager(""), ...at(CONTRACT, "0x3a600055") });
    send({ gasTokenId: QETH, gasPrice: 1n });
    expect(state.getStorage(CONTRACT, 0n)).toBe(5n);
  });
});
