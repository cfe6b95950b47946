import { expect, test } from "vitest";
import { decodeEvmTransaction, type EvmTransaction } from "../chain/evm-transaction.ts";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { recoverSender } from "../chain/sender.ts";
import { signTransaction, type UnsignedTransaction } from "../chain/sign-transaction.ts";
import { addressOfKey } from "../chain/signing.testkit.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import { asAddress, bigIntToBytes, toHex } from "../codec/bytes.ts";
import { settle, VirtualClock } from "../codec/virtual-clock.testkit.ts";
import { TransactionGenerator } from "./transaction-generator.ts";

const config = readFixtureConfig("varied.json").quarkchain;
const SHARD = 1;
const KEYS = Array.from({ length: 700 }, (_, index) => bigIntToBytes(BigInt(index + 1), 32));
const ACCOUNTS = KEYS.map((privateKey) => ({ recipient: addressOfKey(privateKey), privateKey }));
const ACCOUNT_TEXTS = new Set(ACCOUNTS.map(({ recipient }) => toHex(recipient)));
const SAMPLE: UnsignedTransaction = {
  nonce: 0n,
  gasPrice: 5n,
  startGas: 30_000n,
  to: undefined,
  value: 77n,
  data: new Uint8Array(0),
  networkId: 9n,
  fromFullShardKey: 0,
  toFullShardKey: 0,
  gasTokenId: 1n,
  transferTokenId: 2n,
  version: 0n,
};

function sampleWith(change: Partial<UnsignedTransaction> = {}): TypedTransaction {
  return signTransaction({ ...SAMPLE, ...change }, KEYS[0]);
}

function world(accounts = ACCOUNTS) {
  const clock = new VirtualClock(0);
  const batches: EvmTransaction[][] = [];
  const log: string[] = [];
  let draw = 0;
  const generator = new TransactionGenerator({
    config,
    fullShardId: SHARD,
    accounts,
    nonceOf: (sender) => BigInt(sender[19]),
    send: (transactions) => batches.push(transactions.map(({ rlp }) => decodeEvmTransaction(rlp))),
    clock,
    // Digits that no two draws share.
    random: () => Math.abs(Math.sin(++draw) * 1e4) % 1,
    log: (level, line) => log.push(`${level}: ${line}`),
  });
  return { clock, batches, log, generator };
}

test("each account sends one transaction, six hundred at a time and some seconds apart", async () => {
  const { clock, batches, log, generator } = world();
  expect(generator.generate({ count: 5000, crossShardPercent: 0, sample: sampleWith() })).toBe(true);
  expect(generator.generate({ count: 1, crossShardPercent: 0, sample: sampleWith() })).toBe(false);
  await settle();
  expect(batches.map(({ length }) => length)).toEqual([600]);
  await clock.advance(7999);
  expect(batches).toHaveLength(1);
  await clock.advance(4001);
  expect(batches.map(({ length }) => length)).toEqual([600, 100]);
  expect(log).toEqual(["info: shard 1: 700 transactions generated"]);
  for (const [index, transaction] of batches.flat().entries()) {
    const sender = recoverSender(transaction);
    expect(sender).toEqual(ACCOUNTS[index].recipient);
    expect(transaction).toMatchObject({
      nonce: BigInt(ACCOUNTS[index].recipient[19]),
      gasPrice: 5n,
      startGas: 30_000n,
      networkId: BigInt(config.networkId),
      fromFullShardKey: SHARD,
      toFullShardKey: SHARD,
      gasTokenId: 1n,
      transferTokenId: 2n,
    });
    expect(ACCOUNT_TEXTS.has(toHex(transaction.to as Uint8Array))).toBe(true);
    expect(transaction.value % 10n ** 15n).toBe(0n);
    expect(transaction.value).toBeGreaterThanOrEqual(10n ** 15n);
    expect(transaction.value).toBeLessThanOrEqual(10n ** 17n);
  }
  expect(generator.generate({ count: 1, crossShardPercent: 0, sample: sampleWith() })).toBe(true);
});

test("no more than are asked for, to the sample's recipient with its data, value and key", async () => {
  const { batches, generator } = world();
  const to = asAddress(new Uint8Array(20).fill(8));
  const sample = sampleWith({ to, data: Uint8Array.of(1), fromFullShardKey: 0x1234 });
  generator.generate({ count: 3, crossShardPercent: 0, sample });
  await settle();
  expect(batches.map(({ length }) => length)).toEqual([3]);
  for (const transaction of batches[0]) {
    expect(transaction).toMatchObject({ to, value: 77n, fromFullShardKey: 0x1234, toFullShardKey: 0x1234 });
    expect(transaction.data).toEqual(Uint8Array.of(1));
  }
});

test("as many as are asked for go to other shards", async () => {
  const { batches, generator } = world();
  generator.generate({ count: 600, crossShardPercent: 40, sample: sampleWith() });
  await settle();
  const targets = batches.flat().map(({ toFullShardKey }) => toFullShardKey);
  const others = targets.filter((key) => key !== SHARD);
  expect(others.length).toBeGreaterThan(180);
  expect(others.length).toBeLessThan(300);
  expect(new Set(others)).toEqual(new Set([0x10002, 0x10003]));
});

test("a sample for another shard, no accounts or a bad one leave the generator free", async () => {
  const { batches, log, generator } = world();
  generator.generate({ count: 5, crossShardPercent: 0, sample: sampleWith({ fromFullShardKey: 0x10002 }) });
  await settle();
  generator.generate({ count: 5, crossShardPercent: 0, sample: { ...sampleWith(), rlp: new Uint8Array(3) } });
  await settle();
  generator.generate({ count: 0, crossShardPercent: 0, sample: sampleWith() });
  await settle();
  expect(batches).toEqual([]);
  expect(log[0]).toBe("info: shard 1: 0 transactions generated");
  expect(log[1]).toMatch(/^error: shard 1: transactions cannot be generated: /);
  const none = world([]);
  none.generator.generate({ count: 5, crossShardPercent: 0, sample: sampleWith() });
  await settle();
  expect(none.batches).toEqual([]);
});

test("closing ends the wait", async () => {
  const { clock, batches, generator } = world();
  generator.generate({ count: 700, crossShardPercent: 0, sample: sampleWith() });
  await settle();
  generator.close();
  await settle();
  expect(clock.isAwaited).toBe(false);
  expect(batches).toHaveLength(1);
});
