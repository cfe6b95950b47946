import { describe, expect, test } from "vitest";
import type { EvmTransaction } from "../../chain/evm-transaction.ts";
import { plainTransaction } from "../../chain/plain-messages.testkit.ts";
import { addressOfKey, sign, wrap } from "../../chain/signing.testkit.ts";
import { wrapTransaction } from "../../chain/typed-transaction.ts";
import { asAddress, bytesKey, toHex } from "../../codec/bytes.ts";
import { tokenIdEncode } from "../../codec/token-id.ts";
import type { ExecutionConfig } from "../execution-config.ts";
import { type BlockOptions, beginExecution } from "./block-execution.testkit.ts";
import { KeptTransaction } from "./kept-transaction.ts";
import { TransactionInvalidError } from "./transaction-invalid-error.ts";
import { admitTransaction } from "./validate-transaction.ts";
import { networkConfig } from "./vectors.testkit.ts";

const KEY = new Uint8Array(32).fill(5);
const SENDER = addressOfKey(KEY);
const QETH = tokenIdEncode("QETH");
const DEVNET = networkConfig("devnet");
const GENEROUS = { [`${toHex(SENDER)}00000001`]: { balances: { QKC: "1000000000" } } };

const PLAIN = plainTransaction({
  gasPrice: 1n,
  startGas: 30000n,
  to: asAddress(new Uint8Array(20).fill(7)),
  value: 5n,
});
const EIP155 = { version: 2n, networkId: 110001n, fromFullShardKey: 0, toFullShardKey: 0 };

function refusalOf(change: Partial<EvmTransaction>, options: BlockOptions = {}): string | undefined {
  const { execution } = beginExecution({ allocation: GENEROUS, ...options });
  try {
    admitTransaction(execution, wrap(sign({ ...PLAIN, ...change }, KEY)));
    return undefined;
  } catch (error) {
    if (error instanceof TransactionInvalidError) return error.refusal;
    throw error;
  }
}

function devnet(change: Partial<ExecutionConfig>): BlockOptions {
  return { config: { ...DEVNET, ...change }, block: { timestamp: 100 } };
}

describe("admitTransaction", () => {
  test("finds out sender, route and gas", () => {
    const { execution } = beginExecution({ allocation: GENEROUS });
    const typed = wrap(sign({ ...PLAIN, toFullShardKey: 0x00010001, startGas: 50000n }, KEY));
    const signed = admitTransaction(execution, typed);
    expect(signed.sender).toEqual(SENDER);
    expect(signed).toMatchObject({ hash: typed.hash, isCrossShard: true, intrinsicGas: 30000n });
  });

  test("a kept transaction is decoded once, and told to be what it is each time", () => {
    const { execution } = beginExecution({ allocation: GENEROUS });
    const good = new KeptTransaction(wrap(sign(PLAIN, KEY)));
    const [first, again] = [admitTransaction(execution, good), admitTransaction(execution, good)];
    expect(first).toMatchObject({ sender: SENDER, hash: good.hash });
    expect(again.transaction).toBe(first.transaction);
    expect(again.sender).toBe(first.sender);
    const unsigned = new KeptTransaction(wrap({ ...PLAIN, v: 27n, r: 0n, s: 1n }));
    const malformed = new KeptTransaction(wrapTransaction(Uint8Array.of(0xc0)));
    for (let i = 0; i < 2; i++) {
      expect(() => admitTransaction(execution, unsigned)).toThrow(/INVALID_SIGNATURE/);
      expect(() => admitTransaction(execution, malformed)).toThrow(/MALFORMED/);
    }
  });

  test("a good transaction of each version passes", () => {
    expect(refusalOf({})).toBeUndefined();
    expect(refusalOf({ version: 1n })).toBeUndefined();
    expect(refusalOf(EIP155)).toBeUndefined();
  });

  test.each<[string, string, Partial<EvmTransaction>]>([
    ["another network", "WRONG_NETWORK", { networkId: 1n }],
    ["version 2 with the network's own id", "WRONG_NETWORK", { ...EIP155, networkId: 255n }],
    ["version 1 with the Ethereum chain id", "WRONG_NETWORK", { version: 1n, networkId: 110001n }],
    ["a sender of another chain", "WRONG_SHARD", { fromFullShardKey: 0x00010001 }],
    ["a chain that does not exist", "UNKNOWN_TARGET_CHAIN", { toFullShardKey: 0x00090001 }],
    ["a shard that is not reachable", "TARGET_NOT_REACHABLE", { toFullShardKey: 0x00020001 }],
    ["too much gas for a deposit", "XSHARD_GAS_LIMIT", { toFullShardKey: 0x00010001, startGas: 6_000_001n }],
    ["version 2 across shards", "EIP155_CROSS_SHARD", { ...EIP155, toFullShardKey: 0x00010000 }],
    ["version 2 with a shard key", "EIP155_CROSS_SHARD", { ...EIP155, fromFullShardKey: 1, toFullShardKey: 1 }],
    ["version 2 with another token", "EIP155_TOKEN", { ...EIP155, transferTokenId: QETH }],
    ["start gas of 2^128", "NUMBER_TOO_LARGE", { startGas: 1n << 128n, gasPrice: 0n }],
    ["a nonce in the future", "WRONG_NONCE", { nonce: 1n }],
    ["too little start gas", "INTRINSIC_GAS", { startGas: 20999n }],
    ["a token the sender has none of, even for value 0", "TOKEN_WITHOUT_BALANCE", { transferTokenId: QETH, value: 0n }],
    [
      "a gas token the sender has none of, even for price 0",
      "TOKEN_WITHOUT_BALANCE",
      { gasTokenId: QETH, gasPrice: 0n },
    ],
    ["one unit too much", "INSUFFICIENT_BALANCE", { value: 1_000_000_000n - 30000n + 1n }],
    ["more gas than the block has", "BLOCK_GAS_LIMIT", { startGas: 12_000_001n }],
  ])("refuses %s", (_, refusal, change) => {
    expect(refusalOf(change)).toBe(refusal);
  });

  test("the whole balance may be spent and the whole block used", () => {
    expect(refusalOf({ value: 1_000_000_000n - 30000n })).toBeUndefined();
    expect(refusalOf({}, { gasUsed: 11_970_000n })).toBeUndefined();
    expect(refusalOf({}, { gasUsed: 11_970_001n })).toBe("BLOCK_GAS_LIMIT");
  });

  test("before transactions are enabled only listed senders may send", () => {
    expect(refusalOf({}, devnet({ enableTxTimestamp: 101 }))).toBe("NOT_WHITELISTED");
    expect(refusalOf({}, devnet({ enableTxTimestamp: 100 }))).toBeUndefined();
    expect(refusalOf({}, devnet({ enableTxTimestamp: null }))).toBeUndefined();
    const txWhitelistSenders = new Set([bytesKey(SENDER)]);
    expect(refusalOf({}, devnet({ enableTxTimestamp: 101, txWhitelistSenders }))).toBeUndefined();
  });

  test("before contracts are enabled there are no data and no creations", () => {
    const data = Uint8Array.of(0);
    expect(refusalOf({ data }, devnet({ enableEvmTimestamp: 101 }))).toBe("EVM_NOT_ENABLED");
    expect(refusalOf({ to: undefined }, devnet({ enableEvmTimestamp: 101 }))).toBe("EVM_NOT_ENABLED");
    expect(refusalOf({ data }, devnet({ enableEvmTimestamp: 100 }))).toBeUndefined();
    expect(refusalOf({}, devnet({ enableEvmTimestamp: 101 }))).toBeUndefined();
  });

  test("version 2 has its time too; without one it is always on", () => {
    expect(refusalOf(EIP155, devnet({ enableEip155SignerTimestamp: 101 }))).toBe("EIP155_NOT_ENABLED");
    expect(refusalOf(EIP155, devnet({ enableEip155SignerTimestamp: 100 }))).toBeUndefined();
    expect(refusalOf(EIP155, devnet({ enableEip155SignerTimestamp: null }))).toBeUndefined();
  });

  test("a gas token without the contract that takes it is refused", () => {
    const allocation = { [`${toHex(SENDER)}00000001`]: { balances: { QKC: "1000", QETH: "1000000000" } } };
    expect(refusalOf({ gasTokenId: QETH }, { allocation })).toBe("GAS_TOKEN_NOT_READY");
    expect(refusalOf({ gasTokenId: QETH, gasPrice: 0n }, { allocation })).toBeUndefined();
  });

  test("signatures nobody can have made, and bytes that are no transaction", () => {
    const { execution } = beginExecution({ allocation: GENEROUS });
    const admit = (rlp: ReturnType<typeof wrap>) => () => admitTransaction(execution, rlp);
    expect(admit(wrap({ ...PLAIN, v: 27n, r: 0n, s: 1n }))).toThrow(/INVALID_SIGNATURE/);
    expect(admit(wrap({ ...sign(PLAIN, KEY), version: 3n }))).toThrow(/INVALID_SIGNATURE/);
    expect(admit(wrap({ ...sign({ ...PLAIN, ...EIP155 }, KEY), v: 255n }))).toThrow(/INVALID_SIGNATURE/);
    expect(admit(wrapTransaction(Uint8Array.of(0xc0)))).toThrow(/MALFORMED/);
  });

  test("the refusal names its place once it is known", () => {
    const error = new TransactionInvalidError("WRONG_NONCE", "its nonce is 1").at(3);
    expect(error).toMatchObject({ code: "TRANSACTION_INVALID", transactionIndex: 3, refusal: "WRONG_NONCE" });
    expect(error.message).toBe("transaction 3 is invalid: its nonce is 1 (WRONG_NONCE)");
  });
});
