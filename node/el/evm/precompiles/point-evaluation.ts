import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesEqual, concatBytes, fromHex } from "../../../codec/bytes.ts";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Message, MessageResult } from "../message.ts";
import { readWord, wordToBytes } from "../words.ts";

const FEE = 50000;
/** Versioned hash, point, value (32 bytes each), commitment and proof (48 each). */
const INPUT_BYTES = 192;
const HASH_VERSION = 1;
const FIELD_ELEMENTS_PER_BLOB = 4096n;

const { Fr, Fp12 } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
type G1Point = typeof G1.ZERO;

/** [τ]G2 of Ethereum's trusted setup (consensus-specs presets/mainnet/trusted_setups, `g2_monomial`, the second). */
const SECRET_POINT = fromHex(
  "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72" +
    "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2",
);

const ANSWER = concatBytes(wordToBytes(FIELD_ELEMENTS_PER_BLOB), wordToBytes(Fr.ORDER));
const REFUSED = failure("not the value of a committed polynomial");

/** Precompile 10: that the polynomial behind a blob's commitment has a value at a point (EIP-4844). */
export function pointEvaluation(_context: ExecutionContext, { data, gas }: Message): MessageResult {
  if (gas < FEE) return failure(OUT_OF_GAS);
  if (data.length !== INPUT_BYTES) return REFUSED;
  const commitment = data.subarray(96, 144);
  if (!bytesEqual(versionedHash(commitment), data.subarray(0, 32))) return REFUSED;
  const isProved = holds(commitment, readWord(data, 32), readWord(data, 64), data.subarray(144));
  return isProved ? { success: true, gasLeft: gas - FEE, output: ANSWER.slice() } : REFUSED;
}

function versionedHash(commitment: Uint8Array): Uint8Array {
  const hash = sha256(commitment);
  hash[0] = HASH_VERSION;
  return hash;
}

/** e(commitment - [value]G1, G2) = e(proof, [τ - point]G2) */
function holds(commitment: Uint8Array, point: bigint, value: bigint, proof: Uint8Array): boolean {
  if (point >= Fr.ORDER || value >= Fr.ORDER) return false;
  const committed = member(commitment);
  const quotient = member(proof);
  if (committed === undefined || quotient === undefined) return false;
  const pairs = [
    { g1: committed.subtract(G1.BASE.multiplyUnsafe(value)), g2: G2.BASE.negate() },
    { g1: quotient, g2: G2.fromBytes(SECRET_POINT).subtract(G2.BASE.multiplyUnsafe(point)) },
  ];
  // A pairing with infinity is one; the library refuses to compute it.
  const finite = pairs.filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  return Fp12.eql(bls12_381.pairingBatch(finite, true), Fp12.ONE);
}

/** A point of the subgroup of prime order; infinity is one. */
function member(bytes: Uint8Array): G1Point | undefined {
  try {
    const point = G1.fromBytes(bytes.slice());
    return point.isTorsionFree() ? point : undefined;
  } catch {
    // The library tells what is no point by throwing.
    return undefined;
  }
}
