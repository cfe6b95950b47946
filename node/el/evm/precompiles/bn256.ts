import { bn254 } from "@noble/curves/bn254.js";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Message, MessageResult } from "../message.ts";
import { readWord, wordToBytes, writeWord } from "../words.ts";

const { Fp, Fp2, Fp12, Fr } = bn254.fields;
const G1 = bn254.G1.Point;
const G2 = bn254.G2.Point;
type G1Point = typeof G1.ZERO;
type G2Point = typeof G2.ZERO;

const PAIR_BYTES = 192;

/** Precompile 6: sum of two points (EIP-196; pyquarkchain specials.py proc_ecadd). A bad point takes all gas. */
export function bn256Add(context: ExecutionContext, message: Message): MessageResult {
  const fee = context.chain.rules.gas.bn256Add;
  if (message.gas < fee) return failure(OUT_OF_GAS);
  const a = readG1(message.data, 0);
  const b = readG1(message.data, 64);
  if (a === undefined || b === undefined) return BAD_POINT;
  return { success: true, gasLeft: message.gas - fee, output: encodeG1(a.add(b)) };
}

/** Precompile 7: a point times a number (EIP-196; specials.py proc_ecmul). */
export function bn256Mul(context: ExecutionContext, message: Message): MessageResult {
  const fee = context.chain.rules.gas.bn256Mul;
  if (message.gas < fee) return failure(OUT_OF_GAS);
  const point = readG1(message.data, 0);
  if (point === undefined) return BAD_POINT;
  // The group has prime order, so the factor can be reduced.
  const factor = readWord(message.data, 64) % Fr.ORDER;
  return { success: true, gasLeft: message.gas - fee, output: encodeG1(point.multiplyUnsafe(factor)) };
}

/** Precompile 8: whether the product of pairings is one (EIP-197; specials.py proc_ecpairing). */
export function bn256Pairing(context: ExecutionContext, message: Message): MessageResult {
  const { bn256PairingBase, bn256PairingPair } = context.chain.rules.gas;
  const { data, gas } = message;
  if (data.length % PAIR_BYTES !== 0) return failure("the input is no list of point pairs");
  const fee = bn256PairingBase + (data.length / PAIR_BYTES) * bn256PairingPair;
  if (gas < fee) return failure(OUT_OF_GAS);
  const pairs: { g1: G1Point; g2: G2Point }[] = [];
  for (let at = 0; at < data.length; at += PAIR_BYTES) {
    const g1 = readG1(data, at);
    const g2 = g1 === undefined ? undefined : readG2(data, at + 64);
    if (g1 === undefined || g2 === undefined) return BAD_POINT;
    // A pairing with infinity is one; the library refuses to compute it.
    if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
  }
  const isOne = Fp12.eql(bn254.pairingBatch(pairs, true), Fp12.ONE);
  return { success: true, gasLeft: gas - fee, output: wordToBytes(isOne ? 1n : 0n) };
}

const BAD_POINT = failure("not a point of the curve");

/** The point (x, y); (0, 0) is infinity. Undefined for coordinates that are none. */
function readG1(data: Uint8Array, offset: number): G1Point | undefined {
  const x = readWord(data, offset);
  const y = readWord(data, offset + 32);
  if (x >= Fp.ORDER || y >= Fp.ORDER) return undefined;
  if (x === 0n && y === 0n) return G1.ZERO;
  return validPoint(() => G1.fromAffine({ x, y }));
}

/** As readG1 on the twist, imaginary parts first; the point must be of the prime-order subgroup. */
function readG2(data: Uint8Array, offset: number): G2Point | undefined {
  const x1 = readWord(data, offset);
  const x0 = readWord(data, offset + 32);
  const y1 = readWord(data, offset + 64);
  const y0 = readWord(data, offset + 96);
  if (x1 >= Fp.ORDER || x0 >= Fp.ORDER || y1 >= Fp.ORDER || y0 >= Fp.ORDER) return undefined;
  const x = Fp2.fromBigTuple([x0, x1]);
  const y = Fp2.fromBigTuple([y0, y1]);
  if (Fp2.is0(x) && Fp2.is0(y)) return G2.ZERO;
  return validPoint(() => G2.fromAffine({ x, y }));
}

/** The library tells a point off the curve or out of the subgroup by throwing. */
function validPoint<P extends { assertValidity(): void }>(make: () => P): P | undefined {
  try {
    const point = make();
    point.assertValidity();
    return point;
  } catch {
    return undefined;
  }
}

function encodeG1(point: G1Point): Uint8Array {
  const out = new Uint8Array(64);
  if (point.is0()) return out;
  const { x, y } = point.toAffine();
  const view = new DataView(out.buffer);
  writeWord(view, 0, x);
  writeWord(view, 32, y);
  return out;
}
