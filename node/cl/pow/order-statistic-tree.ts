import { UnsupportedError } from "../../codec/errors.ts";

/**
 * The left-leaning red-black tree of 64-bit numbers that qkchash removes from by rank and inserts into, equal to
 * pyquarkchain's qkchash_llrb.h node by node, colour by colour, because qkchashX hashes the rotations it makes.
 *
 * A node is an offset into one flat array, six words each; numbers are two signed 32-bit words, so that V8 keeps all of
 * them unboxed. Offset 0 is the missing child: a black node without elements.
 */
export class OrderStatisticTree {
  readonly #capacity: number;
  readonly #nodes: Int32Array;
  #root = NONE;
  /** Released nodes, chained by their left child. */
  #free = NONE;
  /** Where the nodes that were never used begin. */
  #unused = NODE_WORDS;
  #count = 0;
  readonly #rotations = new RotationStatistics();
  /** Low and high word of the number removed last. */
  readonly #removed = new Int32Array(2);

  /** An empty tree for at most `capacity` numbers. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#nodes = new Int32Array((capacity + 1) * NODE_WORDS);
  }

  get size(): number {
    return this.#count;
  }

  /** Makes this tree equal to `other`, rotation statistics included (qkchash_llrb.h:copy). Both have the same capacity. */
  copyFrom(other: OrderStatisticTree): void {
    this.#nodes.set(other.#nodes);
    this.#root = other.#root;
    this.#free = other.#free;
    this.#unused = other.#unused;
    this.#count = other.#count;
    this.#rotations.copyFrom(other.#rotations);
  }

  /**
   * Inserts the number high * 2^32 + low. A number that is there already loses the whole tree, as in pyquarkchain, which
   * then crashes at the next removal; with 64-bit numbers that look random this never happens.
   */
  insert(high: number, low: number): void {
    this.#root = this.#insertBelow(this.#root, high, low);
  }

  /**
   * Removes the number of rank `rank`, 0 being the smallest, and writes its low and high word to `target` from `offset` on.
   * Throws UnsupportedError after a number was inserted twice.
   */
  removeAt(rank: number, target: Int32Array, offset: number): void {
    const nodes = this.#nodes;
    const root = this.#root;
    if (root === NONE) throw new UnsupportedError("qkchash: a number was inserted twice; pyquarkchain crashes here");
    if (nodes[nodes[root + LEFT] + RED] === 0 && nodes[nodes[root + RIGHT] + RED] === 0) nodes[root + RED] = 1;
    this.#root = this.#removeBelow(root, rank);
    nodes[this.#root + RED] = 0;
    target[offset] = this.#removed[0];
    target[offset + 1] = this.#removed[1];
  }

  /** The 256-bit rotation statistics as eight little-endian words, the lowest first. */
  rotationStatistics(): Int32Array {
    return this.#rotations.words();
  }

  #insertBelow(start: number, high: number, low: number): number {
    if (start === NONE) return this.#newNode(high, low);
    const nodes = this.#nodes;
    let node = start;
    const order = compare(high, low, nodes[node + HIGH], nodes[node + LOW]);
    if (order === 0) return NONE;
    const side = order < 0 ? LEFT : RIGHT;
    const child = this.#insertBelow(nodes[node + side], high, low);
    if (child === NONE) return NONE;
    nodes[node + side] = child;
    if (side === LEFT) nodes[node + LEFT_SIZE]++;

    if (nodes[nodes[node + RIGHT] + RED] === 1 && nodes[nodes[node + LEFT] + RED] === 0) node = this.#rotateLeft(node);
    return this.#splitReds(node);
  }

  #removeBelow(start: number, rank: number): number {
    const nodes = this.#nodes;
    let node = start;
    if (rank < nodes[node + LEFT_SIZE]) {
      node = this.#lendToLeft(node);
      nodes[node + LEFT] = this.#removeBelow(nodes[node + LEFT], rank);
      nodes[node + LEFT_SIZE]--;
      return this.#fixUp(node);
    }
    if (nodes[nodes[node + LEFT] + RED] === 1) node = this.#rotateRight(node);
    if (rank === nodes[node + LEFT_SIZE] && nodes[node + RIGHT] === NONE) {
      this.#takeNumber(node);
      return this.#release(node);
    }
    node = this.#lendToRight(node);
    if (rank === nodes[node + LEFT_SIZE]) {
      this.#takeNumber(node);
      const successor = this.#leftmost(nodes[node + RIGHT]);
      nodes[node + HIGH] = nodes[successor + HIGH];
      nodes[node + LOW] = nodes[successor + LOW];
      nodes[node + RIGHT] = this.#removeLeftmost(nodes[node + RIGHT]);
    } else {
      nodes[node + RIGHT] = this.#removeBelow(nodes[node + RIGHT], rank - nodes[node + LEFT_SIZE] - 1);
    }
    return this.#fixUp(node);
  }

  #removeLeftmost(start: number): number {
    const nodes = this.#nodes;
    if (nodes[start + LEFT] === NONE) return this.#release(start);
    const node = this.#lendToLeft(start);
    nodes[node + LEFT] = this.#removeLeftmost(nodes[node + LEFT]);
    nodes[node + LEFT_SIZE]--;
    return this.#fixUp(node);
  }

  #leftmost(start: number): number {
    let node = start;
    while (this.#nodes[node + LEFT] !== NONE) node = this.#nodes[node + LEFT];
    return node;
  }

  /** Before going left: sees to it that the left child or its left child is red (qkchash_llrb.h:moveRedLeft). */
  #lendToLeft(start: number): number {
    const nodes = this.#nodes;
    const left = nodes[start + LEFT];
    if (nodes[left + RED] === 1 || nodes[nodes[left + LEFT] + RED] === 1) return start;
    this.#flipColors(start);
    const right = nodes[start + RIGHT];
    if (nodes[nodes[right + LEFT] + RED] === 0) return start;
    nodes[start + RIGHT] = this.#rotateRight(right);
    const node = this.#rotateLeft(start);
    this.#flipColors(node);
    return node;
  }

  /** Before going right: sees to it that the right child or its left child is red (qkchash_llrb.h:moveRedRight). */
  #lendToRight(start: number): number {
    const nodes = this.#nodes;
    const right = nodes[start + RIGHT];
    if (nodes[right + RED] === 1 || nodes[nodes[right + LEFT] + RED] === 1) return start;
    this.#flipColors(start);
    if (nodes[nodes[nodes[start + LEFT] + LEFT] + RED] === 0) return start;
    const node = this.#rotateRight(start);
    this.#flipColors(node);
    return node;
  }

  /** Unlike after an insertion, a right red child is turned left even beside a red left one (qkchash_llrb.h:fixUp). */
  #fixUp(node: number): number {
    const nodes = this.#nodes;
    return this.#splitReds(nodes[nodes[node + RIGHT] + RED] === 1 ? this.#rotateLeft(node) : node);
  }

  /** Ends what insertions and removals have in common: two reds in a row to the left, then two red children. */
  #splitReds(start: number): number {
    const nodes = this.#nodes;
    let node = start;
    const left = nodes[node + LEFT];
    if (nodes[left + RED] === 1 && nodes[nodes[left + LEFT] + RED] === 1) node = this.#rotateRight(node);
    if (nodes[nodes[node + LEFT] + RED] === 1 && nodes[nodes[node + RIGHT] + RED] === 1) this.#flipColors(node);
    return node;
  }

  #rotateLeft(node: number): number {
    const nodes = this.#nodes;
    const right = nodes[node + RIGHT];
    nodes[node + RIGHT] = nodes[right + LEFT];
    nodes[right + LEFT] = node;
    nodes[right + RED] = nodes[node + RED];
    nodes[node + RED] = 1;
    nodes[right + LEFT_SIZE] += nodes[node + LEFT_SIZE] + 1;
    this.#rotations.countLeft();
    return right;
  }

  #rotateRight(node: number): number {
    const nodes = this.#nodes;
    const left = nodes[node + LEFT];
    nodes[node + LEFT] = nodes[left + RIGHT];
    nodes[left + RIGHT] = node;
    nodes[left + RED] = nodes[node + RED];
    nodes[node + RED] = 1;
    nodes[node + LEFT_SIZE] -= nodes[left + LEFT_SIZE] + 1;
    this.#rotations.countRight();
    return left;
  }

  #flipColors(node: number): void {
    const nodes = this.#nodes;
    nodes[node + RED] ^= 1;
    nodes[nodes[node + LEFT] + RED] ^= 1;
    nodes[nodes[node + RIGHT] + RED] ^= 1;
  }

  #newNode(high: number, low: number): number {
    if (this.#count === this.#capacity) throw new RangeError(`the tree is made for ${this.#capacity} numbers`);
    const nodes = this.#nodes;
    let node = this.#free;
    if (node === NONE) {
      node = this.#unused;
      this.#unused += NODE_WORDS;
    } else {
      this.#free = nodes[node + LEFT];
    }
    nodes[node + HIGH] = high;
    nodes[node + LOW] = low;
    nodes[node + LEFT] = NONE;
    nodes[node + RIGHT] = NONE;
    nodes[node + LEFT_SIZE] = 0;
    nodes[node + RED] = 1;
    this.#count++;
    return node;
  }

  /** Gives the node back; the answer is what stands in its place. */
  #release(node: number): number {
    this.#nodes[node + LEFT] = this.#free;
    this.#free = node;
    this.#count--;
    return NONE;
  }

  #takeNumber(node: number): void {
    this.#removed[0] = this.#nodes[node + LOW];
    this.#removed[1] = this.#nodes[node + HIGH];
  }
}

const NONE = 0;
const NODE_WORDS = 6;
const HIGH = 0;
const LOW = 1;
const LEFT = 2;
const RIGHT = 3;
/** Elements in the left subtree. */
const LEFT_SIZE = 4;
/** 1 red, 0 black. */
const RED = 5;

/** Order of two unsigned 64-bit numbers. */
function compare(high: number, low: number, otherHigh: number, otherLow: number): number {
  if (high !== otherHigh) return high >>> 0 < otherHigh >>> 0 ? -1 : 1;
  if (low !== otherLow) return low >>> 0 < otherLow >>> 0 ? -1 : 1;
  return 0;
}

/**
 * A 256-bit number that each rotation of the tree turns left by one bit, and whose lowest bit a right rotation then flips
 * (qkchash_llrb.h:rotateLeft, rotateRight). Kept as a ring with a moving end: turning is one addition.
 */
class RotationStatistics {
  readonly #ring = new Uint8Array(256);
  #lowest = 0;

  copyFrom(other: RotationStatistics): void {
    this.#ring.set(other.#ring);
    this.#lowest = other.#lowest;
  }

  countLeft(): void {
    this.#lowest = (this.#lowest + 1) & 255;
  }

  countRight(): void {
    this.countLeft();
    this.#ring[this.#lowest] ^= 1;
  }

  words(): Int32Array {
    const words = new Int32Array(8);
    for (let bit = 0; bit < 256; bit++) words[bit >>> 5] |= this.#ring[(this.#lowest - bit) & 255] << (bit & 31);
    return words;
  }
}
