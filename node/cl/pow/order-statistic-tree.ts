import { UnsupportedError } from "../../codec/errors.ts";

/**
 * The left-leaning red-black tree of 64-bit numbers that qkchash removes from by rank and inserts into, equal to
 * pyquarkchain's qkchash_llrb.h node by node, colour by colour, because qkchashX hashes the rotations it makes.
 *
 * A node is an offset into one flat array, five words each; numbers are two signed 32-bit words, so that V8 keeps all of
 * them unboxed. A link is twice a node's offset, plus one where that node is red: a node's children need not be read for
 * their colours. Link 0 is the missing child: black and without elements.
 */
export class OrderStatisticTree {
  readonly #capacity: number;
  readonly #nodes: Int32Array;
  #root = NONE;
  /** Offset of the first of the released nodes, chained by their left child. */
  #free = 0;
  /** Where the nodes that were never used begin. */
  #unused = NODE_WORDS;
  #count = 0;
  readonly #rotations = new RotationStatistics();
  /** Low and high word of the number removed last. */
  readonly #removed = new Int32Array(2);
  /** Links from the root down to where a number goes. */
  readonly #path = new Int32Array(MAX_DEPTH);

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
    const nodes = this.#nodes;
    const path = this.#path;
    let depth = 0;
    let link = this.#root;
    while (link !== NONE) {
      const node = link >> 1;
      path[depth++] = link;
      const order = compare(high, low, nodes[node + HIGH], nodes[node + LOW]);
      if (order === 0) {
        this.#root = NONE;
        return;
      }
      if (order < 0) nodes[node + LEFT_SIZE]++;
      link = nodes[node + (order < 0 ? LEFT : RIGHT)];
    }
    this.#attach(this.#newNode(high, low), depth, high, low);
  }

  /**
   * Removes the number of rank `rank`, 0 being the smallest, and writes its low and high word to `target` from `offset` on.
   * Throws UnsupportedError after a number was inserted twice.
   */
  removeAt(rank: number, target: Int32Array, offset: number): void {
    const nodes = this.#nodes;
    const root = this.#root;
    if (root === NONE) throw new UnsupportedError("qkchash: a number was inserted twice; pyquarkchain crashes here");
    const hasRedChild = ((nodes[(root >> 1) + LEFT] | nodes[(root >> 1) + RIGHT]) & RED) !== 0;
    this.#root = this.#removeBelow(hasRedChild ? root : root | RED, rank) & ~RED;
    target[offset] = this.#removed[0];
    target[offset + 1] = this.#removed[1];
  }

  /** The 256-bit rotation statistics as eight little-endian words, the lowest first. */
  rotationStatistics(): Int32Array {
    return this.#rotations.words();
  }

  /** Hangs `link` below the first `depth` links of the path and mends the colours upwards, as far as anything changes. */
  #attach(link: number, depth: number, high: number, low: number): void {
    const nodes = this.#nodes;
    let below = link;
    for (let i = depth - 1; i >= 0; i--) {
      const start = this.#path[i];
      const node = start >> 1;
      nodes[node + (compare(high, low, nodes[node + HIGH], nodes[node + LOW]) < 0 ? LEFT : RIGHT)] = below;
      const turned = (nodes[node + RIGHT] & RED) > (nodes[node + LEFT] & RED) ? this.#rotateLeft(start) : start;
      below = this.#splitReds(turned);
      // Above a node that stays and is black nothing is seen of what changed below it.
      if (below === start && (start & RED) === 0) return;
    }
    this.#root = below;
  }

  #removeBelow(start: number, rank: number): number {
    const nodes = this.#nodes;
    let link = start;
    let node = link >> 1;
    if (rank < nodes[node + LEFT_SIZE]) {
      link = this.#lendToLeft(link);
      node = link >> 1;
      nodes[node + LEFT] = this.#removeBelow(nodes[node + LEFT], rank);
      nodes[node + LEFT_SIZE]--;
      return this.#fixUp(link);
    }
    if ((nodes[node + LEFT] & RED) !== 0) link = this.#rotateRight(link);
    node = link >> 1;
    if (rank === nodes[node + LEFT_SIZE] && nodes[node + RIGHT] === NONE) return this.#release(node);
    link = this.#lendToRight(link);
    node = link >> 1;
    const rankAtRight = rank - nodes[node + LEFT_SIZE] - 1;
    if (rankAtRight >= 0) {
      nodes[node + RIGHT] = this.#removeBelow(nodes[node + RIGHT], rankAtRight);
    } else {
      this.#replaceBySuccessor(node);
    }
    return this.#fixUp(link);
  }

  /** Takes the node's number out and the smallest number to its right in its place. */
  #replaceBySuccessor(node: number): void {
    const nodes = this.#nodes;
    const low = nodes[node + LOW];
    const high = nodes[node + HIGH];
    nodes[node + RIGHT] = this.#removeLeftmost(nodes[node + RIGHT]);
    nodes[node + LOW] = this.#removed[0];
    nodes[node + HIGH] = this.#removed[1];
    this.#removed[0] = low;
    this.#removed[1] = high;
  }

  #removeLeftmost(start: number): number {
    const nodes = this.#nodes;
    if (nodes[(start >> 1) + LEFT] === NONE) return this.#release(start >> 1);
    const link = this.#lendToLeft(start);
    const node = link >> 1;
    nodes[node + LEFT] = this.#removeLeftmost(nodes[node + LEFT]);
    nodes[node + LEFT_SIZE]--;
    return this.#fixUp(link);
  }

  /** Before going left: sees to it that the left child or its left child is red (qkchash_llrb.h:moveRedLeft). */
  #lendToLeft(start: number): number {
    const nodes = this.#nodes;
    const node = start >> 1;
    const left = nodes[node + LEFT];
    if (((left | nodes[(left >> 1) + LEFT]) & RED) !== 0) return start;
    const flipped = this.#flipColors(start);
    const right = nodes[node + RIGHT];
    if ((nodes[(right >> 1) + LEFT] & RED) === 0) return flipped;
    nodes[node + RIGHT] = this.#rotateRight(right);
    return this.#flipColors(this.#rotateLeft(flipped));
  }

  /** Before going right: sees to it that the right child or its left child is red (qkchash_llrb.h:moveRedRight). */
  #lendToRight(start: number): number {
    const nodes = this.#nodes;
    const node = start >> 1;
    const right = nodes[node + RIGHT];
    if (((right | nodes[(right >> 1) + LEFT]) & RED) !== 0) return start;
    const flipped = this.#flipColors(start);
    if ((nodes[(nodes[node + LEFT] >> 1) + LEFT] & RED) === 0) return flipped;
    return this.#flipColors(this.#rotateRight(flipped));
  }

  /**
   * Unlike after an insertion, a right red child is turned left even beside a red left one (qkchash_llrb.h:fixUp); it is
   * then turned back for the two reds in a row, so that of both rotations nothing but their count stays.
   */
  #fixUp(link: number): number {
    const nodes = this.#nodes;
    const node = link >> 1;
    if ((nodes[node + RIGHT] & RED) === 0) return this.#splitReds(link);
    if ((nodes[node + LEFT] & RED) === 0) return this.#splitReds(this.#rotateLeft(link));
    this.#rotations.countLeft();
    this.#rotations.countRight();
    return this.#flipColors(link);
  }

  /** Ends what insertions and removals have in common: two reds in a row to the left, then two red children. */
  #splitReds(start: number): number {
    const nodes = this.#nodes;
    const left = nodes[(start >> 1) + LEFT];
    const link = (left & nodes[(left >> 1) + LEFT] & RED) !== 0 ? this.#rotateRight(start) : start;
    const node = link >> 1;
    return (nodes[node + LEFT] & nodes[node + RIGHT] & RED) !== 0 ? this.#flipColors(link) : link;
  }

  #rotateLeft(link: number): number {
    const nodes = this.#nodes;
    const node = link >> 1;
    const right = nodes[node + RIGHT] >> 1;
    nodes[node + RIGHT] = nodes[right + LEFT];
    nodes[right + LEFT] = link | RED;
    nodes[right + LEFT_SIZE] += nodes[node + LEFT_SIZE] + 1;
    this.#rotations.countLeft();
    return (right << 1) | (link & RED);
  }

  #rotateRight(link: number): number {
    const nodes = this.#nodes;
    const node = link >> 1;
    const left = nodes[node + LEFT] >> 1;
    nodes[node + LEFT] = nodes[left + RIGHT];
    nodes[left + RIGHT] = link | RED;
    nodes[node + LEFT_SIZE] -= nodes[left + LEFT_SIZE] + 1;
    this.#rotations.countRight();
    return (left << 1) | (link & RED);
  }

  /** Of the node and of both its children, which it has. */
  #flipColors(link: number): number {
    const node = link >> 1;
    this.#nodes[node + LEFT] ^= RED;
    this.#nodes[node + RIGHT] ^= RED;
    return link ^ RED;
  }

  /** A red link to it. */
  #newNode(high: number, low: number): number {
    if (this.#count === this.#capacity) throw new RangeError(`the tree is made for ${this.#capacity} numbers`);
    const nodes = this.#nodes;
    let node = this.#free;
    if (node === 0) {
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
    this.#count++;
    return (node << 1) | RED;
  }

  /** Takes the node's number and gives the node back; the answer is what stands in its place. */
  #release(node: number): number {
    this.#removed[0] = this.#nodes[node + LOW];
    this.#removed[1] = this.#nodes[node + HIGH];
    this.#nodes[node + LEFT] = this.#free;
    this.#free = node;
    this.#count--;
    return NONE;
  }
}

const NONE = 0;
/** In a link. */
const RED = 1;
const NODE_WORDS = 5;
const HIGH = 0;
const LOW = 1;
const LEFT = 2;
const RIGHT = 3;
/** Elements in the left subtree. */
const LEFT_SIZE = 4;
/** No path is longer than twice the black height, 2 * log2(2^20 + 1). */
const MAX_DEPTH = 42;

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
