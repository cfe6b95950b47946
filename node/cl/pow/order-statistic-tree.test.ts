import fc from "fast-check";
import { expect, test } from "vitest";
import { UnsupportedError } from "../../codec/errors.ts";
import { OrderStatisticTree } from "./order-statistic-tree.ts";

function insert(tree: OrderStatisticTree, number: bigint): void {
  tree.insert(Number(BigInt.asIntN(32, number >> 32n)), Number(BigInt.asIntN(32, number)));
}

function removeAt(tree: OrderStatisticTree, rank: number): bigint {
  const words = new Int32Array(2);
  tree.removeAt(rank, words, 0);
  return new BigUint64Array(words.buffer)[0];
}

function treeOf(...numbers: readonly bigint[]): OrderStatisticTree {
  const tree = new OrderStatisticTree(64);
  for (const number of numbers) insert(tree, number);
  return tree;
}

test("removes by rank what a sorted list has there", () => {
  const u64 = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 40n), fc.bigInt(2n ** 63n - 20n, 2n ** 63n + 20n));
  const start = fc.uniqueArray(u64, { minLength: 1, maxLength: 60 });
  const steps = fc.array(fc.tuple(fc.nat(), u64), { maxLength: 60 });
  fc.assert(
    fc.property(start, steps, (numbers, replacements) => {
      const tree = treeOf(...numbers);
      const list = [...numbers];
      for (const [position, added] of replacements) {
        list.sort((a, b) => (a < b ? -1 : 1));
        const rank = position % list.length;
        expect(removeAt(tree, rank)).toBe(list.splice(rank, 1)[0]);
        const number = list.includes(added) ? 2n ** 64n - 1n - BigInt(list.length) : added;
        if (list.includes(number)) return;
        list.push(number);
        insert(tree, number);
        expect(tree.size).toBe(list.length);
      }
    }),
  );
});

test("a right rotation turns the statistics and sets the lowest bit, a left one only turns", () => {
  expect(treeOf(2n, 1n).rotationStatistics()[0]).toBe(0b0);
  expect(treeOf(3n, 2n, 1n).rotationStatistics()[0]).toBe(0b1);
  expect(treeOf(1n, 2n).rotationStatistics()[0]).toBe(0b0);
  expect(treeOf(3n, 1n, 2n).rotationStatistics()[0]).toBe(0b1);
  // 5 under 4 turns left, and 4 is already the root's black child.
  expect(treeOf(3n, 2n, 1n, 4n).rotationStatistics()[0]).toBe(0b10);
});

test("a copy goes its own way", () => {
  const original = treeOf(1n, 2n, 3n, 4n);
  const copy = new OrderStatisticTree(64);
  copy.copyFrom(original);
  expect(removeAt(copy, 0)).toBe(1n);
  insert(copy, 9n);
  expect([0, 0, 0, 0].map((rank) => removeAt(original, rank))).toEqual([1n, 2n, 3n, 4n]);
  expect([0, 0, 0, 0].map((rank) => removeAt(copy, rank))).toEqual([2n, 3n, 4n, 9n]);
});

test("a number inserted twice loses the tree, as in pyquarkchain", () => {
  const tree = treeOf(1n, 2n, 3n, 2n);
  expect(tree.size).toBe(3);
  expect(() => removeAt(tree, 0)).toThrow(UnsupportedError);
});

test("more numbers than the capacity are refused", () => {
  const tree = new OrderStatisticTree(1);
  insert(tree, 1n);
  expect(() => insert(tree, 2n)).toThrow(RangeError);
});
