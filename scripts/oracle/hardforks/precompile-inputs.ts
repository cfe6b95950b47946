import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bn254 } from "@noble/curves/bn254.js";
import { p256 } from "@noble/curves/nist.js";
import { bigIntToBytes, concatBytes } from "../../../node/codec/bytes.ts";
import type { Random } from "./random.ts";

/** A precompile with an input that it mostly accepts. */
export interface PrecompileCall {
  readonly address: number;
  readonly input: Uint8Array;
}

/** Without 10 (KZG), which is left out. */
const MAKERS: readonly (readonly [number, (random: Random) => Uint8Array])[] = [
  [1, (random) => random.bytes(random.below(140))],
  [2, (random) => random.bytes(random.below(140))],
  [3, (random) => random.bytes(random.below(140))],
  [4, (random) => random.bytes(random.below(140))],
  [5, modexpInput],
  [5, modexpInput],
  [5, modexpInput],
  [6, (random) => concatBytes(bnPoint(random), bnPoint(random))],
  [7, (random) => concatBytes(bnPoint(random), random.bytes(32))],
  [8, (random) => random.bytes(random.pick([0, 0, 191, 192]))],
  [9, blakeInput],
  [11, (random) => concatBytes(firstPoint(random), firstPoint(random))],
  [12, (random) => many(random, () => concatBytes(firstPoint(random), random.bytes(32)))],
  [13, (random) => concatBytes(secondPoint(random), secondPoint(random))],
  [14, (random) => many(random, () => concatBytes(secondPoint(random), random.bytes(32)))],
  [15, (random) => many(random, () => concatBytes(firstPoint(random), secondPoint(random)))],
  [16, fieldElement],
  [17, (random) => concatBytes(fieldElement(random), fieldElement(random))],
  [0x100, p256Input],
];

export function randomPrecompileCall(random: Random): PrecompileCall {
  const [address, make] = random.pick(MAKERS);
  const input = make(random);
  if (random.chance(8)) return { address, input: input.subarray(0, random.below(input.length + 1)) };
  if (random.chance(8) && input.length > 0) input[random.below(input.length)] ^= 1 << random.below(8);
  return { address, input };
}

function modexpInput(random: Random): Uint8Array {
  const sizes = [0, 1, 2, 31, 32, 33, 40, 64, 65];
  const lengths = [random.pick(sizes), random.pick(sizes), random.pick(sizes)];
  if (random.chance(6)) lengths[random.below(3)] = random.pick([1023, 1024, 1025, 2 ** 31]);
  const numbers = random.bytes(lengths.reduce((sum, length) => sum + Math.min(length, 64), 0));
  if (random.chance(30)) numbers.fill(0, 0, random.below(numbers.length + 1));
  return concatBytes(...lengths.map((length) => bigIntToBytes(BigInt(length), 32)), numbers);
}

function blakeInput(random: Random): Uint8Array {
  const input = random.bytes(213);
  input.set([0, 0, 0, random.below(30)]);
  input[212] = random.chance(95) ? random.below(2) : random.below(256);
  return input;
}

function many(random: Random, make: () => Uint8Array): Uint8Array {
  return concatBytes(...Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, make));
}

function bnPoint(random: Random): Uint8Array {
  if (random.chance(15)) return new Uint8Array(64);
  const { x, y } = bn254.G1.Point.BASE.multiply(BigInt(1 + random.below(1000))).toAffine();
  return concatBytes(bigIntToBytes(x, 32), bigIntToBytes(y, 32));
}

function firstPoint(random: Random): Uint8Array {
  if (random.chance(15)) return new Uint8Array(128);
  const { x, y } = bls12_381.G1.Point.BASE.multiply(BigInt(1 + random.below(1000))).toAffine();
  if (random.chance(10)) return outsideSubgroup(random);
  return concatBytes(bigIntToBytes(x, 64), bigIntToBytes(y, 64));
}

/** On the curve y² = x³ + 4, and almost surely not in the subgroup of prime order. */
function outsideSubgroup(random: Random): Uint8Array {
  const { Fp } = bls12_381.fields;
  for (;;) {
    const x = BigInt(random.next());
    try {
      const y = Fp.sqrt(Fp.add(Fp.pow(x, 3n), 4n));
      return concatBytes(bigIntToBytes(x, 64), bigIntToBytes(y, 64));
    } catch {
      // No square: another x.
    }
  }
}

function secondPoint(random: Random): Uint8Array {
  if (random.chance(15)) return new Uint8Array(256);
  const { x, y } = bls12_381.G2.Point.BASE.multiply(BigInt(1 + random.below(1000))).toAffine();
  return concatBytes(...[x.c0, x.c1, y.c0, y.c1].map((part) => bigIntToBytes(part, 64)));
}

function fieldElement(random: Random): Uint8Array {
  const element = new Uint8Array(64);
  element.set(random.bytes(47), 17);
  return element;
}

function p256Input(random: Random): Uint8Array {
  const secret = random.bytes(32);
  secret[0] = 1;
  const hash = random.bytes(32);
  const signature = p256.sign(hash, secret, { prehash: false, lowS: false });
  return concatBytes(hash, signature, p256.getPublicKey(secret, false).subarray(1));
}
