import { expect, test } from "vitest";
import { asAddress, asHash32, bigIntToBytes, toHex, uint32ToBytes } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { newTransactionOf, type QueueCase, readPoolVectors, shortHash } from "./pool-vectors.testkit.ts";
import { TemplateSource } from "./template-source.ts";
import { type NewTransaction, type PooledTransaction, TransactionQueue } from "./transaction-queue.ts";

const cases = readPoolVectors<QueueCase[]>("queue");

test.each(cases.map((queueCase, index) => [index, queueCase] as const))(
  "keeps the order that pyquarkchain's queue keeps (%i)",
  (_, { limit, operations }) => {
    const queue = new TransactionQueue(limit);
    for (const [index, operation] of operations.entries()) {
      if (operation.add !== undefined) queue.add(newTransactionOf(operation.add), 0, false);
      for (const hex of operation.diff ?? []) {
        const { sender, transaction } = newTransactionOf(hex);
        queue.removeNonce(sender, transaction.nonce);
      }
      if (operation.template !== undefined) {
        const taken = fill(queue, operation.nonces, BigInt(operation.template));
        expect(taken.map(shortHash), `operation ${index}`).toEqual(operation.taken);
      }
      expect(queue.ordered().map(shortHash), `operation ${index}`).toEqual(operation.order);
    }
  },
);

/** As pyquarkchain fills a block, without executing: a transaction uses its start gas and its nonce. */
function fill(queue: TransactionQueue, start: Record<string, number>, gas: bigint): PooledTransaction[] {
  const nonces = new Map(Object.entries(start).map(([sender, nonce]) => [sender, BigInt(nonce)]));
  const source = new TemplateSource(queue.ordered());
  const taken: PooledTransaction[] = [];
  let left = gas;
  while (left > 0n) {
    const next = source.next((sender) => nonces.get(toHex(sender)) ?? 0n, left);
    if (next === undefined) break;
    taken.push(next);
    left -= next.transaction.startGas;
    nonces.set(toHex(next.sender), next.transaction.nonce + 1n);
  }
  for (const pooled of source.outdated) queue.remove(pooled);
  for (const pooled of taken) queue.moveBack(pooled);
  return taken;
}

let made = 0;

/** The fields that a queue looks at; no signature. */
function transactionOf(sender: number, nonce: number, gasPrice: number): NewTransaction {
  const [base] = cases[0].operations.flatMap(({ add }) => add ?? []);
  const { transaction } = newTransactionOf(base);
  const hash = asHash32(keccak256(uint32ToBytes(made++)));
  return {
    typed: { rlp: new Uint8Array(), hash },
    transaction: { ...transaction, nonce: BigInt(nonce), gasPrice: BigInt(gasPrice) },
    sender: asAddress(bigIntToBytes(BigInt(sender), 20)),
  };
}

test("a full queue lets go of what misses a nonce before what a block can hold", () => {
  const queue = new TransactionQueue(100);
  for (let sender = 0; sender < 100; sender++) queue.add(transactionOf(sender, 9, 1000), 0, true);
  const honest = Array.from({ length: 100 }, (_, index) => transactionOf(1000 + index, 0, 1));
  for (const transaction of honest) expect(queue.add(transaction, 0, false)).toBe(true);
  expect(queue.ordered().map(({ sender }) => toHex(sender))).toEqual(honest.map(({ sender }) => toHex(sender)));
  // And then nothing invented comes in above them unless it pays more.
  expect(queue.add(transactionOf(5000, 0, 0), 0, false)).toBe(false);
});

test("a chain of nonces is no gap, in whatever order it came", () => {
  const queue = new TransactionQueue(3);
  const [third, second, first] = [2, 1, 0].map((nonce) => transactionOf(1, nonce, 5));
  queue.add(third, 0, true);
  queue.add(second, 0, true);
  queue.add(first, 0, false);
  queue.expire(1);
  expect(queue.size).toBe(3);
  expect(queue.add(transactionOf(2, 0, 4), 0, false)).toBe(false);
});

test("what misses a nonce for too long expires, what waits for a block does not", () => {
  const queue = new TransactionQueue(10);
  const ahead = transactionOf(1, 5, 5);
  const due = transactionOf(2, 0, 1);
  queue.add(ahead, 100, true);
  queue.add(due, 100, false);
  queue.expire(100);
  expect(queue.size).toBe(2);
  queue.expire(101);
  expect(queue.find(ahead.typed.hash)).toBeUndefined();
  expect(queue.find(due.typed.hash)).toBeDefined();
});
