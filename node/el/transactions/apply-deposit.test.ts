import { describe, expect, test } from "vitest";
import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { plainDeposit } from "../../chain/plain-messages.testkit.ts";
import { addressFromHex, toHex, ZERO_ADDRESS } from "../../codec/bytes.ts";
import { tokenIdEncode } from "../../codec/token-id.ts";
import type { ExecutionConfig } from "../execution-config.ts";
import { applyDeposit } from "./apply-deposit.ts";
import { beginExecution, COINBASE } from "./block-execution.testkit.ts";
import { networkConfig, QKC_TOKEN } from "./vectors.testkit.ts";

const FROM = addressFromHex("aaaa0000000000000000000000000000000000aa");
const TO = addressFromHex("bbbb0000000000000000000000000000000000bb");
const QETH = tokenIdEncode("QETH");
/** Reverts at once. */
const REVERT = "0x60006000fd";

const DEPOSIT = plainDeposit({
  from: { recipient: FROM, fullShardKey: 0x00010001 },
  to: { recipient: TO, fullShardKey: 0x00000007 },
  value: 1000n,
  gasPrice: 3n,
  gasRemained: 100n,
});

function run(change: Partial<CrossShardDeposit>, config: Partial<ExecutionConfig> = {}, code?: string) {
  const allocation = code === undefined ? {} : { [`${toHex(TO)}00000001`]: { balances: {}, code } };
  const { execution, state } = beginExecution({ config: { ...networkConfig("devnet"), ...config }, allocation });
  const cursor = { rootBlockHeight: 100, minorBlockIndex: 1, xshardDepositIndex: 0 };
  applyDeposit(execution, { deposit: { ...DEPOSIT, ...change }, cursor });
  return { execution, state };
}

const FIXED = { xshardGasDdosFixRootHeight: 100 };
const NOT_FIXED = { xshardGasDdosFixRootHeight: 101 };

describe("gas a deposit starts with", () => {
  test.each<[string, Partial<CrossShardDeposit>, Partial<ExecutionConfig>, bigint]>([
    ["9000 from another shard", {}, FIXED, 9000n],
    ["9000 from another shard without a gas price", { gasPrice: 0n }, FIXED, 9000n],
    ["none from the root chain", { isFromRootChain: true, gasPrice: 0n }, FIXED, 0n],
    ["formerly 9000 with a gas price", {}, NOT_FIXED, 9000n],
    ["formerly none without a gas price", { gasPrice: 0n }, NOT_FIXED, 0n],
  ])("%s", (_, change, config, gasUsed) => {
    expect(run({ gasRemained: 0n, ...change }, config).execution.gasUsed).toBe(gasUsed);
  });
});

describe("with contracts enabled", () => {
  test("a message moves the value, unused gas goes back, the coinbase gets its part", () => {
    const { execution, state } = run({});
    expect(state.getBalance(TO, QKC_TOKEN)).toBe(1000n);
    expect(state.getBalance(FROM, QKC_TOKEN)).toBe(300n);
    expect(state.getBalance(COINBASE, QKC_TOKEN)).toBe(13500n);
    expect(execution.fees).toEqual(new Map([[QKC_TOKEN, 13500n]]));
    expect(execution.depositReceipts).toMatchObject([
      { success: true, cumulativeGasUsed: 9000n, contractFullShardKey: 7, contractAddress: new Uint8Array(0) },
    ]);
    expect(execution.receipts).toEqual([]);
  });

  test("when the message fails the sender keeps the value here", () => {
    const { execution, state } = run({}, {}, REVERT);
    expect(state.getBalance(TO, QKC_TOKEN)).toBe(0n);
    expect(state.getBalance(FROM, QKC_TOKEN)).toBe(1000n + 3n * 94n);
    expect(execution.depositReceipts).toMatchObject([{ success: false, cumulativeGasUsed: 9006n }]);
  });

  test("a refund rate below 100 sends the rest to the zero address", () => {
    const { state } = run({ refundRate: 33 });
    expect(state.getBalance(FROM, QKC_TOKEN)).toBe(99n);
    expect(state.getBalance(ZERO_ADDRESS, QKC_TOKEN)).toBe(201n);
  });

  test("a creation lands at the address decided at the source and bumps no nonce", () => {
    const { execution, state } = run({ createContract: true, gasRemained: 50000n });
    expect(execution.depositReceipts).toMatchObject([{ success: true, contractAddress: TO }]);
    expect(state.getNonce(TO)).toBe(1n);
    expect(state.getNonce(FROM)).toBe(0n);
  });

  test("gas in another token, and more gas than the block has, end the block", () => {
    expect(() => run({ gasTokenId: QETH })).toThrow(/genesis token/);
    const { execution } = beginExecution({ gasLimit: 8999n });
    const cursor = { rootBlockHeight: 90000, minorBlockIndex: 1, xshardDepositIndex: 0 };
    expect(() => applyDeposit(execution, { deposit: DEPOSIT, cursor })).toThrow(/9000 gas/);
  });
});

describe("before contracts are enabled", () => {
  const EARLY = { enableEvmTimestamp: 2, ...NOT_FIXED };

  test("the value is only added, under the key in force, and there is no receipt", () => {
    const { execution, state } = run({ gasTokenId: QETH, transferTokenId: QETH }, EARLY, REVERT);
    expect(state.getBalance(TO, QETH)).toBe(1000n);
    expect(state.getBalance(COINBASE, QETH)).toBe(13500n);
    expect(state.fullShardKey).toBe(0);
    expect(execution.depositReceipts).toEqual([]);
    expect(execution.gasUsed).toBe(9000n);
  });

  test("a fee of zero leaves an entry", () => {
    const { execution } = run({ gasPrice: 0n, gasTokenId: QETH }, EARLY);
    expect(execution.fees).toEqual(new Map([[QETH, 0n]]));
    expect(execution.gasUsed).toBe(0n);
  });
});
