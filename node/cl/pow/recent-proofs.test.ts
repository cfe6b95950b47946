import { expect, test } from "vitest";
import { asHash32, ZERO_HASH } from "../../codec/bytes.ts";
import { RecentProofs } from "./recent-proofs.ts";
import type { SealSubject } from "./seal-hasher.ts";

const subject: SealSubject = { miningHash: asHash32(new Uint8Array(32).fill(3)), height: 7, qkchashX: false };

test("a proof is computed once, for whatever it depends on, as long as it is among the last", () => {
  let computed = 0;
  const proof = () => ({ mixhash: ZERO_HASH, result: asHash32(new Uint8Array(32).fill(++computed)) });
  const proofs = new RecentProofs({ proof }, 5);
  const all = [
    () => proofs.proof("POW_QKCHASH", subject, 1n),
    () => proofs.proof("POW_ETHASH", subject, 1n),
    () => proofs.proof("POW_QKCHASH", { ...subject, height: 8 }, 1n),
    () => proofs.proof("POW_QKCHASH", { ...subject, qkchashX: true }, 1n),
    () => proofs.proof("POW_QKCHASH", { ...subject, miningHash: ZERO_HASH }, 1n),
  ];
  const results = all.map((ask) => ask().result[0]);
  expect(results).toEqual([1, 2, 3, 4, 5]);
  expect(all.map((ask) => ask().result[0])).toEqual(results);
  expect(proofs.proof("POW_QKCHASH", subject, 2n).result[0]).toBe(6);
  // The first had to make room.
  expect(all[0]().result[0]).toBe(7);
});
