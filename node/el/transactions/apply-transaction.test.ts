import { describe, expect, test } from "vitest";
import { type EvmTransaction, intrinsicGas, isCrossShard } from "../../chain/evm-transaction.ts";
import { plainTransaction } from "../../chain/plain-messages.testkit.ts";
import { addressFromHex, bytesKey, toHex, ZERO_ADDRESS, ZERO_HASH } from "../../codec/bytes.ts";
import { tokenIdEncode } from "../../codec/token-id.ts";
import { contractAddress } from "../evm/contract-address.ts";
import { applyTransaction } from "./apply-transaction.ts";
import { type BlockOptions, beginExecution, COINBASE } from "./block-execution.testkit.ts";
import { GENERAL_NATIVE_TOKEN_CONTRACT } from "./native-token-gas.ts";
import { networkConfig, QKC_TOKEN } from "./vectors.testkit.ts";

const SENDER = addressFromHex("aaaa0000000000000000000000000000000000aa");
const TO = addressFromHex("bbbb0000000000000000000000000000000000bb");
const QETH = tokenIdEncode("QETH");
const RICH = { [`${toHex(SENDER)}00000001`]: { balances: { QKC: "1000000000", QETH: "1000000000" } } };
const OTHER_SHARD = 0x00010001;

const PLAIN = plainTransaction({ gasPrice: 2n, startGas: 50000n, to: TO, value: 5n });

function run(change: Partial<EvmTransaction>, options: BlockOptions = {}) {
  const { execution, state } = beginExecution({ allocation: RICH, ...options });
  const transaction = { ...PLAIN, ...change };
  const crossShard = isCrossShard(transaction, execution.config.shardSizes);
  const outcome = applyTransaction(execution, {
    transaction,
    hash: ZERO_HASH,
    sender: SENDER,
    isCrossShard: crossShard,
    intrinsicGas: intrinsicGas(transaction, crossShard),
  });
  return { execution, state, outcome };
}

describe("to another shard", () => {
  test("value and left-over gas travel, the target's 9000 gas are not charged here", () => {
    const { execution, state, outcome } = run({ toFullShardKey: OTHER_SHARD });
    expect(outcome.success).toBe(true);
    expect(state.getBalance(SENDER, QKC_TOKEN)).toBe(1_000_000_000n - 100_000n - 5n);
    expect(state.getBalance(COINBASE, QKC_TOKEN)).toBe(21000n);
    expect(execution.gasUsed).toBe(21000n);
    expect(execution.receipts).toMatchObject([{ cumulativeGasUsed: 21000n, contractFullShardKey: OTHER_SHARD }]);
    expect(execution.xshardSends).toMatchObject([
      { gasRemained: 20000n, gasPrice: 2n, value: 5n, createContract: false, to: { recipient: TO } },
    ]);
  });

  test("before contracts are enabled left-over gas comes back at once and the 9000 gas count", () => {
    const config = { ...networkConfig("devnet"), enableEvmTimestamp: 2 };
    const { execution, state } = run({ toFullShardKey: OTHER_SHARD }, { config });
    expect(state.getBalance(SENDER, QKC_TOKEN)).toBe(1_000_000_000n - 60_000n - 5n);
    expect(state.getBalance(COINBASE, QKC_TOKEN)).toBe(21000n);
    expect(execution.gasUsed).toBe(30000n);
    expect(execution.xshardSends).toMatchObject([{ gasRemained: 0n }]);
  });

  test("a creation's address is made of the nonce after and the sender's key", () => {
    const { execution } = run({ toFullShardKey: OTHER_SHARD, to: undefined, startGas: 62000n });
    const recipient = contractAddress(SENDER, 1n, 1);
    expect(execution.xshardSends).toMatchObject([{ createContract: true, gasRemained: 0n, to: { recipient } }]);
    expect(execution.receipts).toMatchObject([{ success: true, contractAddress: new Uint8Array(0) }]);
  });

  test("a sender whose stake is locked loses all gas and sends nothing", () => {
    const senderDisallowMap = new Map([[bytesKey(SENDER), 1_000_000_000n]]);
    const { execution, state, outcome } = run({ toFullShardKey: OTHER_SHARD }, { block: { senderDisallowMap } });
    expect(outcome.success).toBe(false);
    expect(execution.xshardSends).toEqual([]);
    expect(execution.gasUsed).toBe(50000n);
    expect(state.getBalance(COINBASE, QKC_TOKEN)).toBe(50000n);
    expect(state.getBalance(SENDER, QKC_TOKEN)).toBe(1_000_000_000n - 100_000n);
  });
});

describe("in the shard", () => {
  test("fees round down per transaction", () => {
    const config = { ...networkConfig("devnet"), localFeeRate: { numerator: 1n, denominator: 100_000n } };
    const { execution } = run({}, { config });
    expect(execution.fees).toEqual(new Map([[QKC_TOKEN, 0n]]));
  });

  test("cleared storage gives back at most half of the gas", () => {
    const code = "0x6000600055600060015560006002556000600355";
    const storage = { "0x0": "0x1", "0x1": "0x1", "0x2": "0x1", "0x3": "0x1" };
    const allocation = { ...RICH, [`${toHex(TO)}00000001`]: { balances: {}, code, storage } };
    const { execution } = run({ gasPrice: 0n }, { allocation });
    expect(execution.gasUsed).toBe((21000n + 4n * 5006n) / 2n);
  });

  test("a self-destructed contract is gone at once, refunded once, and keeps nothing in other tokens", () => {
    const code = `0x73${toHex(COINBASE)}ff`;
    const allocation = { ...RICH, [`${toHex(TO)}00000001`]: { balances: { QKC: "7", QETH: "9" }, code } };
    const { execution, state } = run({ gasPrice: 0n, startGas: 60000n }, { allocation });
    expect(state.accountExists(TO)).toBe(false);
    expect(state.getBalance(COINBASE, QKC_TOKEN)).toBe(12n);
    expect(state.getBalance(COINBASE, QETH)).toBe(0n);
    const gas = 21000n + 3n + 5000n + 25000n;
    expect(execution.gasUsed).toBe(gas - 24000n);
  });
});

describe("gas in a native token", () => {
  /** Answers (refund rate 40, price 5) to every question. */
  const code = "0x6028600052600560205260406000f3";
  const allocation = {
    ...RICH,
    [`${toHex(GENERAL_NATIVE_TOKEN_CONTRACT)}00000001`]: { balances: { QKC: "250000" }, code },
  };

  test("the reserve pays, the contract keeps the token, the refund is shared with the zero address", () => {
    const { execution, state } = run({ gasTokenId: QETH }, { allocation });
    expect(state.getBalance(SENDER, QETH)).toBe(1_000_000_000n - 100_000n);
    expect(state.getBalance(GENERAL_NATIVE_TOKEN_CONTRACT, QETH)).toBe(100_000n);
    expect(state.getBalance(GENERAL_NATIVE_TOKEN_CONTRACT, QKC_TOKEN)).toBe(0n);
    expect(state.getBalance(SENDER, QKC_TOKEN)).toBe(1_000_000_000n - 5n + 58_000n);
    expect(state.getBalance(ZERO_ADDRESS, QKC_TOKEN)).toBe(87_000n);
    expect(execution.fees).toEqual(new Map([[QKC_TOKEN, 52_500n]]));
  });

  test("the deposit carries the converted price and the refund rate", () => {
    const { execution } = run({ gasTokenId: QETH, toFullShardKey: OTHER_SHARD }, { allocation });
    expect(execution.xshardSends).toMatchObject([{ gasPrice: 5n, refundRate: 40, gasTokenId: QKC_TOKEN }]);
  });

  test("a reserve that is one unit short refuses the transaction", () => {
    expect(() => run({ gasTokenId: QETH, startGas: 50001n }, { allocation })).toThrow(/GAS_TOKEN_RESERVE/);
  });
});
