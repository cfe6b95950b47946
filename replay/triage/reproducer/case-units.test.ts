import { describe, expect, test } from "vitest";
import type { EvmTransaction } from "../../../node/chain/evm-transaction.ts";
import { addressFromHex, EMPTY_BYTES, fromHex, utf8 } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { executionConfigOf } from "./case-config.ts";
import { addressKey } from "./case-state.ts";
import { firstUnits, foldedInto, unitCount } from "./case-units.ts";
import type { ExecutedOutcome, ReproducerCase } from "./format.ts";
import { entriesOf, outcomeOf } from "./outcome.ts";
import { smallReproducer } from "./reproducer.testkit.ts";
import { configExecutor, runCase } from "./run-case.ts";
import { addressOfKey, decodedTransaction, signedBy } from "./sender-keys.ts";

const KEY = keccak256(utf8("somebody"));
const NEWCOMER = "77".repeat(20);
const CONTRACT = "c0".repeat(20);
/** balance(NEWCOMER) */
const LOOK = fromHex(`73${NEWCOMER}315000`);

/** The first transaction looks at an absent account under one shard key, the second pays it under another. */
async function lookThenPay(): Promise<ReproducerCase> {
  const { config, block, transactions } = await smallReproducer();
  const plain = decodedTransaction(transactions[0]);
  if (plain === undefined) throw new Error("no transaction");
  const signed = (change: Partial<EvmTransaction>) =>
    signedBy({ ...plain, value: 0n, data: EMPTY_BYTES, ...change }, KEY) ?? transactions[0];
  const fullShardKey = plain.fromFullShardKey;
  const nobody = { nonce: 0n, balances: {}, code: EMPTY_BYTES, storage: {}, fullShardKey };
  return {
    config,
    block,
    deposits: [],
    transactions: [
      signed({ nonce: 0n, to: addressFromHex(CONTRACT), toFullShardKey: 0xaaaa }),
      signed({ nonce: 1n, to: addressFromHex(NEWCOMER), toFullShardKey: 0xbbbb, value: 5n }),
    ],
    pre: {
      [addressKey(addressOfKey(KEY))]: { ...nobody, balances: { 35760: 10n ** 20n } },
      [`0x${CONTRACT}`]: { ...nobody, nonce: 1n, code: LOOK },
    },
  };
}

/** An account born under the first key it was looked up with in the block. */
const BORN: ExecutedOutcome = {
  status: "EXECUTED",
  state: { [`0x${NEWCOMER}`]: { balances: { 35760: 5n }, fullShardKey: 0xaaaa } },
};

describe("units of a case", async () => {
  const subject = await lookThenPay();
  const executor = configExecutor(executionConfigOf(subject.config, QUARKCHAIN_RULES));
  const whole = runCase(subject, executor);

  test("all of them", () => {
    expect(unitCount(subject)).toBe(2);
    expect(outcomeOf(whole, entriesOf(BORN))).toMatchObject(BORN);
  });

  test("the first alone, without reward", () => {
    const first = firstUnits({ ...subject, block: { ...subject.block, blockReward: { 35760: 1n } } }, 1);
    expect(first.transactions).toEqual(subject.transactions.slice(0, 1));
    expect(first.block.blockReward).toEqual({});
    const absent = { ...BORN, state: { [`0x${NEWCOMER}`]: null } };
    expect(outcomeOf(runCase(first, executor), entriesOf(BORN))).toMatchObject(absent);
  });

  test("the first as part of the state: what it looked at is born as before", () => {
    const folded = foldedInto(subject, 1, executor, whole.touched);
    if (folded === undefined) throw new Error("the first unit cannot run");
    expect(folded.transactions).toEqual(subject.transactions.slice(1));
    expect(folded.pre[addressKey(addressOfKey(KEY))].nonce).toBe(1n);
    expect(outcomeOf(runCase(folded, executor), entriesOf(BORN))).toMatchObject(BORN);
  });
});
