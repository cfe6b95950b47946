import { describe, expect, test } from "vitest";
import { asHash32, type Hash32, hashFromHex, ZERO_HASH } from "../../codec/bytes.ts";
import { UnsupportedError } from "../../codec/errors.ts";
import { createSharedEthashCaches } from "./ethash-cache-pool.ts";
import { powVectors } from "./pow.testkit.ts";
import { type SealInput, type SealVerdict, SealVerifier } from "./seal.ts";

const verifier = new SealVerifier(createSharedEthashCaches(2, 59_999));
const ACCEPTED: SealVerdict = { ok: true };
const WRONG_MIX: SealVerdict = { ok: false, reason: "mix" };
const ABOVE_TARGET: SealVerdict = { ok: false, reason: "target" };

type Seal = Omit<SealInput, "difficulty">;

/** The seal is accepted or refused for its target as pyquarkchain does, and the largest accepted difficulty is exact. */
function expectChecks(seal: Seal, checks: readonly (readonly [string, boolean])[]): void {
  for (const [difficulty, accepted] of checks) {
    expect(verifier.verify({ ...seal, difficulty: BigInt(difficulty) })).toEqual(accepted ? ACCEPTED : ABOVE_TARGET);
  }
}

function mutationsOf({ nonce, miningHash }: Seal): Partial<Seal>[] {
  return [
    { nonce: BigInt.asUintN(64, nonce + 1n) },
    { nonce: nonce ^ (1n << 63n) },
    { miningHash: flipped(miningHash, 0) },
    { miningHash: flipped(miningHash, 31) },
  ];
}

/** Changed in its lowest bit. */
function flipped(hash: Hash32, byte: number): Hash32 {
  return asHash32(hash.map((value, i) => (i === byte ? value ^ 1 : value)));
}

describe("POW_ETHASH", () => {
  const seals = powVectors("ethash").cases.map((vector) => ({ vector, seal: ethashSeal(vector) }));

  test("meets pyquarkchain's verdicts on both sides of the target", () => {
    for (const { vector, seal } of seals) expectChecks(seal, vector.checks);
  });

  test("refuses every changed bit, whatever the difficulty", () => {
    for (const { vector, seal } of seals) {
      const mixhash = hashFromHex(vector.rejectedMixhash);
      expect(verifier.verify({ ...seal, mixhash, difficulty: 1n })).toEqual(WRONG_MIX);
    }
    for (const { seal } of seals.slice(0, 3)) {
      for (const mutation of mutationsOf(seal)) {
        expect(verifier.verify({ ...seal, ...mutation, difficulty: 0n })).toEqual(WRONG_MIX);
      }
    }
  });

  test("takes the epoch from the height", () => {
    const { seal } = seals[0];
    expect(verifier.verify({ ...seal, height: 29_999, difficulty: 1n })).toEqual(ACCEPTED);
    expect(verifier.verify({ ...seal, height: 30_000, difficulty: 1n })).toEqual(WRONG_MIX);
  });

  test("does not guess about epochs nobody has defined", () => {
    expect(() => verifier.verify({ ...seals[0].seal, height: 2 ** 40, difficulty: 1n })).toThrow(UnsupportedError);
  });
});

describe("POW_QKCHASH", () => {
  const seals = powVectors("qkchash").cases.flatMap((vector) =>
    [false, true].map((qkchashX) => {
      const { mixhash, checks } = qkchashX ? vector.qkchashX : vector.qkchash;
      return { checks, seal: { ...sealOf(vector, "POW_QKCHASH"), mixhash: hashFromHex(mixhash), qkchashX } };
    }),
  );

  test("meets pyquarkchain's verdicts on both sides of the target", () => {
    for (const { checks, seal } of seals) expectChecks(seal, checks);
  });

  test("refuses the other variant", () => {
    for (const { seal } of seals) {
      expect(verifier.verify({ ...seal, qkchashX: !seal.qkchashX, difficulty: 1n })).toEqual(WRONG_MIX);
    }
  });

  test("refuses every changed bit", () => {
    for (const { seal } of seals) {
      const mixes = [0, 13, 31].map((byte) => ({ mixhash: flipped(seal.mixhash, byte) }));
      for (const mutation of [...mutationsOf(seal), ...mixes]) {
        expect(verifier.verify({ ...seal, ...mutation, difficulty: 0n })).toEqual(WRONG_MIX);
      }
    }
  });

  test("knows any number of epochs in any order", () => {
    for (const { seal } of [...seals, ...seals.toReversed()]) {
      const height = seal.height + 5 * 30_000;
      expect(verifier.verify({ ...seal, height, difficulty: 1n })).toEqual(WRONG_MIX);
      expect(verifier.verify({ ...seal, difficulty: 1n })).toEqual(ACCEPTED);
    }
  });
});

describe("POW_DOUBLESHA256", () => {
  const seals = powVectors("double-sha256").cases.map((vector) => ({
    vector,
    seal: sealOf({ ...vector, height: 1 }, "POW_DOUBLESHA256"),
  }));

  test("meets pyquarkchain's verdicts on both sides of the target, whatever the mixhash", () => {
    for (const { vector, seal } of seals) {
      expectChecks(seal, vector.checks);
      expectChecks({ ...seal, mixhash: hashFromHex("ab".repeat(32)) }, vector.checks);
    }
  });

  test("accepts what was mined, and refuses every changed bit of it", () => {
    for (const { difficulty, ...vector } of powVectors("double-sha256").mined) {
      const seal = { ...sealOf({ ...vector, height: 1 }, "POW_DOUBLESHA256"), difficulty: BigInt(difficulty) };
      expect(verifier.verify(seal)).toEqual(ACCEPTED);
      for (const mutation of mutationsOf(seal)) expect(verifier.verify({ ...seal, ...mutation })).toEqual(ABOVE_TARGET);
    }
  });

  test("a difficulty that leaves no target is refused", () => {
    const { seal } = seals[0];
    for (const difficulty of [2n ** 255n, 2n ** 256n, 2n ** 256n + 1n, 2n ** 300n]) {
      expect(verifier.verify({ ...seal, difficulty })).toEqual(ABOVE_TARGET);
    }
  });
});

test.each(["NONE", "POW_SIMULATE"] as const)("%s carries no proof", (consensusType) => {
  const seal = { ...sealOf({ miningHash: "00".repeat(32), nonce: "0", height: 1 }, consensusType) };
  expect(verifier.verify({ ...seal, difficulty: 2n ** 256n })).toEqual(ACCEPTED);
});

function sealOf(
  { miningHash, nonce, height }: { miningHash: string; nonce: string; height: number },
  consensusType: SealInput["consensusType"],
): Seal {
  const bytes = hashFromHex(miningHash);
  return { consensusType, miningHash: bytes, nonce: BigInt(nonce), mixhash: ZERO_HASH, height, qkchashX: false };
}

function ethashSeal(vector: { miningHash: string; nonce: string; height: number; mixhash: string }): Seal {
  return { ...sealOf(vector, "POW_ETHASH"), mixhash: hashFromHex(vector.mixhash) };
}
