import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bigIntToBytes, bytesToBigInt, concatBytes } from "../../../codec/bytes.ts";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Message, MessageResult } from "../message.ts";
import { readWord, wordToBytes } from "../words.ts";
import type { Precompile } from "./precompiles.ts";

const { Fp, Fp2, Fp12, Fr } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
type G1Point = typeof G1.ZERO;
type G2Point = typeof G2.ZERO;

/** What sums, multiplications and their encodings need of either group. */
interface Group<P> {
  readonly zero: P;
  readonly bytes: number;
  /** Undefined for what is no point of the curve. (0, 0) is infinity. */
  readonly read: (data: Uint8Array, at: number) => P | undefined;
  readonly encode: (point: P) => Uint8Array;
}

interface Point<P> {
  add(other: P): P;
  multiplyUnsafe(factor: bigint): P;
  isTorsionFree(): boolean;
}

// The library's types describe the map's inner step, not what these functions take and return.
const mapFieldToG1 = bls12_381.G1.mapToCurve as unknown as (element: bigint) => G1Point;
const mapFieldToG2 = bls12_381.G2.mapToCurve as unknown as (parts: readonly [bigint, bigint]) => G2Point;

const FIELD_BYTES = 64;
const SCALAR_BYTES = 32;

const FIRST: Group<G1Point> = { zero: G1.ZERO, bytes: 2 * FIELD_BYTES, read: readG1, encode: encodeG1 };
const SECOND: Group<G2Point> = { zero: G2.ZERO, bytes: 4 * FIELD_BYTES, read: readG2, encode: encodeG2 };

/** In thousandths of the full price, by the number of pairs; for more the last one (EIP-2537). */
function discounts(text: string): readonly number[] {
  return text.split(" ").map(Number);
}

const FIRST_DISCOUNTS = discounts(
  "1000 949 848 797 764 750 738 728 719 712 705 698 692 687 682 677 673 669 665 661 658 654 651 648 645 642 " +
    "640 637 635 632 630 627 625 623 621 619 617 615 613 611 609 608 606 604 603 601 599 598 596 595 593 592 " +
    "591 589 588 586 585 584 582 581 580 579 577 576 575 574 573 572 570 569 568 567 566 565 564 563 562 561 " +
    "560 559 558 557 556 555 554 553 552 551 550 549 548 547 547 546 545 544 543 542 541 540 540 539 538 537 " +
    "536 536 535 534 533 532 532 531 530 529 528 528 527 526 525 525 524 523 522 522 521 520 520 519",
);

const SECOND_DISCOUNTS = discounts(
  "1000 1000 923 884 855 832 812 796 782 770 759 749 740 732 724 717 711 704 699 693 688 683 679 674 670 666 " +
    "663 659 655 652 649 646 643 640 637 634 632 629 627 624 622 620 618 615 613 611 609 607 606 604 602 600 " +
    "598 597 595 593 592 590 589 587 586 584 583 582 580 579 578 576 575 574 573 571 570 569 568 567 566 565 " +
    "563 562 561 560 559 558 557 556 555 554 553 552 552 551 550 549 548 547 546 545 545 544 543 542 541 541 " +
    "540 539 538 537 537 536 535 535 534 533 532 532 531 530 530 529 528 528 527 526 526 525 524 524",
);

const PAIRING_BASE = 37700;
const PAIRING_PAIR = 32600;
const MAP_TO_FIRST = 5500;
const MAP_TO_SECOND = 23800;

/** Precompiles 11 to 17 on BLS12-381 (EIP-2537). An input that they refuse takes all gas. */
export const BLS12_381_PRECOMPILES: readonly (readonly [number, Precompile])[] = [
  [11, (_, message) => addPoints(FIRST, 375, message)],
  [12, (_, message) => sumOfProducts(FIRST, 12000, FIRST_DISCOUNTS, message)],
  [13, (_, message) => addPoints(SECOND, 600, message)],
  [14, (_, message) => sumOfProducts(SECOND, 22500, SECOND_DISCOUNTS, message)],
  [15, pairing],
  [16, mapToFirst],
  [17, mapToSecond],
];

const REFUSED = failure("not an input of this operation on BLS12-381");

/** Any points of the curve, also outside the subgroup. */
function addPoints<P extends Point<P>>(group: Group<P>, fee: number, { data, gas }: Message): MessageResult {
  if (gas < fee) return failure(OUT_OF_GAS);
  if (data.length !== 2 * group.bytes) return REFUSED;
  const a = group.read(data, 0);
  const b = group.read(data, group.bytes);
  if (a === undefined || b === undefined) return REFUSED;
  return { success: true, gasLeft: gas - fee, output: group.encode(a.add(b)) };
}

function sumOfProducts<P extends Point<P>>(
  group: Group<P>,
  full: number,
  table: readonly number[],
  { data, gas }: Message,
): MessageResult {
  const stride = group.bytes + SCALAR_BYTES;
  const count = data.length / stride;
  if (count === 0 || !Number.isInteger(count)) return REFUSED;
  const fee = Math.floor((count * full * table[Math.min(count, table.length) - 1]) / 1000);
  if (gas < fee) return failure(OUT_OF_GAS);
  let sum = group.zero;
  for (let at = 0; at < data.length; at += stride) {
    const point = readMember(group, data, at);
    if (point === undefined) return REFUSED;
    sum = sum.add(point.multiplyUnsafe(readWord(data, at + group.bytes) % Fr.ORDER));
  }
  return { success: true, gasLeft: gas - fee, output: group.encode(sum) };
}

function pairing(_context: ExecutionContext, { data, gas }: Message): MessageResult {
  const stride = FIRST.bytes + SECOND.bytes;
  const count = data.length / stride;
  if (count === 0 || !Number.isInteger(count)) return REFUSED;
  const fee = PAIRING_BASE + count * PAIRING_PAIR;
  if (gas < fee) return failure(OUT_OF_GAS);
  const pairs: { g1: G1Point; g2: G2Point }[] = [];
  for (let at = 0; at < data.length; at += stride) {
    const g1 = readMember(FIRST, data, at);
    const g2 = readMember(SECOND, data, at + FIRST.bytes);
    if (g1 === undefined || g2 === undefined) return REFUSED;
    // A pairing with infinity is one; the library refuses to compute it.
    if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
  }
  const isOne = Fp12.eql(bls12_381.pairingBatch(pairs, true), Fp12.ONE);
  return { success: true, gasLeft: gas - fee, output: wordToBytes(isOne ? 1n : 0n) };
}

function mapToFirst(_context: ExecutionContext, { data, gas }: Message): MessageResult {
  if (gas < MAP_TO_FIRST) return failure(OUT_OF_GAS);
  const element = data.length === FIELD_BYTES ? readField(data, 0) : undefined;
  if (element === undefined) return REFUSED;
  return { success: true, gasLeft: gas - MAP_TO_FIRST, output: encodeG1(mapFieldToG1(element)) };
}

function mapToSecond(_context: ExecutionContext, { data, gas }: Message): MessageResult {
  if (gas < MAP_TO_SECOND) return failure(OUT_OF_GAS);
  const isPair = data.length === 2 * FIELD_BYTES;
  const c0 = isPair ? readField(data, 0) : undefined;
  const c1 = isPair ? readField(data, FIELD_BYTES) : undefined;
  if (c0 === undefined || c1 === undefined) return REFUSED;
  return { success: true, gasLeft: gas - MAP_TO_SECOND, output: encodeG2(mapFieldToG2([c0, c1])) };
}

/** A point of the subgroup of prime order. */
function readMember<P extends Point<P>>(group: Group<P>, data: Uint8Array, at: number): P | undefined {
  const point = group.read(data, at);
  return point?.isTorsionFree() ? point : undefined;
}

function readG1(data: Uint8Array, at: number): G1Point | undefined {
  const x = readField(data, at);
  const y = readField(data, at + FIELD_BYTES);
  if (x === undefined || y === undefined) return undefined;
  if (x === 0n && y === 0n) return G1.ZERO;
  const { b } = bls12_381.G1.Point.CURVE();
  if (!Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), b))) return undefined;
  return G1.fromAffine({ x, y });
}

/** Coordinates are pairs, real parts first. */
function readG2(data: Uint8Array, at: number): G2Point | undefined {
  const parts = [0, 1, 2, 3].map((i) => readField(data, at + i * FIELD_BYTES));
  const [x0, x1, y0, y1] = parts;
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return undefined;
  const x = Fp2.fromBigTuple([x0, x1]);
  const y = Fp2.fromBigTuple([y0, y1]);
  if (Fp2.is0(x) && Fp2.is0(y)) return G2.ZERO;
  const { b } = bls12_381.G2.Point.CURVE();
  if (!Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), b))) return undefined;
  return G2.fromAffine({ x, y });
}

/** 64 bytes big-endian, below the field's order. */
function readField(data: Uint8Array, at: number): bigint | undefined {
  const value = bytesToBigInt(data.subarray(at, at + FIELD_BYTES));
  return value < Fp.ORDER ? value : undefined;
}

function encodeG1(point: G1Point): Uint8Array {
  if (point.is0()) return new Uint8Array(FIRST.bytes);
  const { x, y } = point.toAffine();
  return concatBytes(bigIntToBytes(x, FIELD_BYTES), bigIntToBytes(y, FIELD_BYTES));
}

function encodeG2(point: G2Point): Uint8Array {
  if (point.is0()) return new Uint8Array(SECOND.bytes);
  const { x, y } = point.toAffine();
  return concatBytes(...[x.c0, x.c1, y.c0, y.c1].map((part) => bigIntToBytes(part, FIELD_BYTES)));
}
