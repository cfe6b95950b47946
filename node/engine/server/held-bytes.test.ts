import fc from "fast-check";
import { expect, test } from "vitest";
import { HeldBytes } from "./held-bytes.ts";

test("who holds most gives way, once", () => {
  const held = new HeldBytes(100);
  const evicted: string[] = [];
  const [small, large, other] = ["small", "large", "other"].map((name) => held.hold(() => evicted.push(name)));
  small.set(10);
  large.set(60);
  other.set(30);
  expect(evicted).toEqual([]);
  small.set(11);
  expect(evicted).toEqual(["large"]);
  large.set(1000);
  expect(evicted).toEqual(["large"]);
  other.set(90);
  expect(evicted).toEqual(["large", "other"]);
  small.release();
  held.hold(() => evicted.push("last")).set(100);
  expect(evicted).toEqual(["large", "other"]);
});

test("the sum never passes the bound", () => {
  const step = fc.tuple(fc.nat(9), fc.nat(120), fc.boolean());
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const held = new HeldBytes(200);
      const bytes = new Map<number, number>();
      const holds = Array.from({ length: 10 }, (_, i) => held.hold(() => bytes.delete(i)));
      for (const i of holds.keys()) bytes.set(i, 0);
      for (const [i, count, isOver] of steps) {
        if (bytes.has(i)) bytes.set(i, count);
        if (isOver) {
          holds[i].release();
          bytes.delete(i);
        } else holds[i].set(count);
        expect([...bytes.values()].reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(200);
      }
    }),
  );
});
