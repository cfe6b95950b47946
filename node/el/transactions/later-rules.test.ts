import { describe, expect, test } from "vitest";
import { type EvmTransaction, intrinsicGas, isCrossShard } from "../../chain/evm-transaction.ts";
import { plainTransaction } from "../../chain/plain-messages.testkit.ts";
import { addressFromHex, fromHex, toHex, ZERO_HASH } from "../../codec/bytes.ts";
import { ruleSet } from "../evm/hardforks/rule-set.ts";
import { applyTransaction } from "./apply-transaction.ts";
import { beginExecution } from "./block-execution.testkit.ts";
import { TransactionInvalidError } from "./transaction-invalid-error.ts";
import { networkConfig, QKC_TOKEN } from "./vectors.testkit.ts";

const SENDER = addressFromHex("aaaa0000000000000000000000000000000000aa");
const TO = addressFromHex("bbbb0000000000000000000000000000000000bb");
const PRICE = 2n;
const FUNDS = 1_000_000_000n;
const START_GAS = 200_000n;

const PLAIN = plainTransaction({ gasPrice: PRICE, startGas: START_GAS, to: TO });

/** Gas used by a transaction under a rule set; the sender must have paid for exactly that. */
function gasUsed(rules: string, change: Partial<EvmTransaction>, code = "", slots = 0): bigint {
  const devnet = networkConfig("devnet");
  const config = { ...devnet, chain: { ...devnet.chain, rules: ruleSet(rules), ethChainId: devnet.ethChainId } };
  const allocation = { [`${toHex(SENDER)}00000001`]: { balances: { QKC: `${FUNDS}` } } };
  const { execution, state } = beginExecution({ config, allocation, block: { timestamp: 2_000_000_000 } });
  if (code !== "") state.setCode(TO, fromHex(code));
  for (let slot = 0; slot < slots; slot++) state.setStorage(TO, BigInt(slot), 1n);
  const transaction = { ...PLAIN, ...change };
  const crossShard = isCrossShard(transaction, config.shardSizes);
  applyTransaction(execution, {
    transaction,
    hash: ZERO_HASH,
    sender: SENDER,
    isCrossShard: crossShard,
    intrinsicGas: intrinsicGas(transaction, crossShard, config.chain.rules.transaction),
  });
  if (!crossShard) expect(state.getBalance(SENDER, QKC_TOKEN)).toBe(FUNDS - PRICE * execution.gasUsed);
  return execution.gasUsed;
}

/** 100 bytes, 40 of them zero. */
const DATA = new Uint8Array(100).fill(7, 40);

describe("calldata", () => {
  test.each([
    ["quarkchain", 21000n + 40n * 4n + 60n * 68n],
    ["quarkchain+2028", 21000n + 40n * 4n + 60n * 16n],
    ["osaka", 21000n + 10n * (40n + 60n * 4n)],
    ["osaka-7623", 21000n + 40n * 4n + 60n * 16n],
  ])("%s: %i gas", (rules, gas) => {
    expect(gasUsed(rules, { data: DATA })).toBe(gas);
  });

  test("the floor does not add to what the message uses above it", () => {
    // Two new slots: 22100 gas each and four pushes.
    expect(gasUsed("osaka", { data: DATA }, "60016000556001600155")).toBe(21000n + 40n * 4n + 60n * 16n + 44212n);
  });

  test("start gas below the floor is refused", () => {
    const startGas = 21000n + 10n * (40n + 60n * 4n) - 1n;
    expect(() => gasUsed("osaka", { data: DATA, startGas })).toThrow(
      expect.objectContaining({ refusal: "INTRINSIC_GAS" }),
    );
    expect(gasUsed("osaka", { data: DATA, startGas: startGas + 1n })).toBe(startGas + 1n);
  });

  test("a cross-shard transaction has no floor", () => {
    const used = gasUsed("osaka", { data: DATA, toFullShardKey: 0x00010001 });
    expect(used).toBe(21000n + 40n * 4n + 60n * 16n);
  });
});

describe("init code", () => {
  test("costs two gas per word", () => {
    const creation = { to: undefined, data: new Uint8Array(33) };
    expect(gasUsed("shanghai", creation) - gasUsed("shanghai-3860", creation)).toBe(4n);
  });

  test("is at most 49152 bytes long", () => {
    const creation = { to: undefined, startGas: 1_000_000n };
    expect(() => gasUsed("shanghai", { ...creation, data: new Uint8Array(49153) })).toThrow(TransactionInvalidError);
    expect(() => gasUsed("shanghai", { ...creation, data: new Uint8Array(49153) })).toThrow(/INIT_CODE_TOO_LONG/);
    expect(gasUsed("shanghai", { ...creation, data: new Uint8Array(49152) })).toBe(53000n + 4n * 49152n + 2n * 1536n);
    expect(gasUsed("paris", { ...creation, data: new Uint8Array(49153) })).toBe(53000n + 4n * 49153n);
  });
});

describe("refunds", () => {
  // Clears slots 0 to 3.
  const clear = [0, 1, 2, 3].map((slot) => `6000600${slot}55`).join("");

  test.each([
    // 21000 + 24 for the pushes, and per slot what it costs; at most a half, then a fifth comes back.
    ["quarkchain", (21024n + 4n * 5000n + 1n) / 2n],
    ["berlin", (21024n + 4n * 5000n + 1n) / 2n],
    ["london", 41024n - 41024n / 5n],
    ["quarkchain+3529", 41024n - 41024n / 5n],
  ])("%s: %i gas after them", (rules, gas) => {
    expect(gasUsed(rules, {}, clear, 4)).toBe(gas);
  });

  test("self-destructs are no longer refunded", () => {
    const used = 21003n + 5000n;
    expect(gasUsed("quarkchain", {}, "6000ff")).toBe(used - used / 2n);
    expect(gasUsed("quarkchain+3529", {}, "6000ff")).toBe(used);
  });
});

test("the coinbase starts warm from shanghai on", () => {
  expect(gasUsed("paris", {}, "413100")).toBe(21002n + 2600n);
  expect(gasUsed("shanghai", {}, "413100")).toBe(21002n + 100n);
  expect(gasUsed("quarkchain", {}, "413100")).toBe(21002n + 400n);
});
