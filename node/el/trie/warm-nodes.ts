import { bytesKey, type Hash32 } from "../../codec/bytes.ts";
import { BRANCH, BRANCH_WIDTH, EXTENSION, type TrieNode, UNRESOLVED, UnresolvedNode } from "./trie-node.ts";

const DEFAULT_LIMIT_BYTES = 128 * 1024 * 1024;
/** What a node costs besides its encoding: the objects around it. */
const NODE_OVERHEAD_BYTES = 320;

/**
 * Decoded nodes that outlive the trie they were read for, found by the root they hang under. Blocks that follow
 * each other change a few paths of one big trie: block N+1 starts on the nodes that block N left here. One instance
 * belongs to one NodeStore. When the nodes outgrow the limit, those unused the longest are let go.
 */
export class WarmNodes {
  /** Counts up once a block; nodes remember when they were last used. */
  age = 1;
  readonly #limitBytes: number;
  readonly #roots = new Map<string, TrieNode>();
  #bytes = 0;

  constructor(limitBytes: number = DEFAULT_LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  root(hash: Hash32): TrieNode | undefined {
    return this.#roots.get(bytesKey(hash));
  }

  keepRoot(hash: Hash32, node: TrieNode): void {
    this.#roots.set(bytesKey(hash), node);
  }

  /** The trie under `old` went on to another root: who needs it again reads it again. */
  dropRoot(old: Hash32): void {
    this.#roots.delete(bytesKey(old));
  }

  /** Counts a node that was just read or made. */
  added(node: TrieNode): void {
    this.#bytes += nodeBytes(node);
  }

  /** To be called between blocks: makes room if need be. */
  nextBlock(): void {
    this.age++;
    if (this.#bytes > this.#limitBytes) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const bytesByAge = new Map<number, number>();
    for (const node of this.#reachable()) {
      bytesByAge.set(node.lastUsed, (bytesByAge.get(node.lastUsed) ?? 0) + nodeBytes(node));
    }
    const ages = [...bytesByAge.keys()].sort((a, b) => b - a);
    let kept = 0;
    let oldestKept = this.age;
    for (const age of ages) {
      kept += bytesByAge.get(age) ?? 0;
      if (kept > this.#limitBytes / 2) break;
      oldestKept = age;
    }
    for (const [key, root] of this.#roots) if (root.lastUsed < oldestKept) this.#roots.delete(key);
    this.#bytes = 0;
    for (const node of this.#reachable()) {
      dropChildren(node, oldestKept);
      this.#bytes += nodeBytes(node);
    }
  }

  /** Every node in memory once, parents before their children. */
  *#reachable(): Generator<TrieNode> {
    const seen = new Set<TrieNode>();
    const pending = [...this.#roots.values()];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      yield node;
      if (node.kind === BRANCH) {
        for (const child of node.children) if (child && child.kind !== UNRESOLVED) pending.push(child);
      } else if (node.kind === EXTENSION && node.child.kind !== UNRESOLVED) pending.push(node.child);
    }
  }
}

function nodeBytes(node: TrieNode): number {
  return (node.encoded?.length ?? 0) + NODE_OVERHEAD_BYTES;
}

/** Lets go of children last used before `oldestKept`: a clean node finds them again in its encoding. */
function dropChildren(node: TrieNode, oldestKept: number): void {
  if (node.kind === BRANCH) {
    for (let i = 0; i < BRANCH_WIDTH; i++) {
      const child = node.children[i];
      if (child && child.kind !== UNRESOLVED && child.lastUsed < oldestKept) node.children[i] = undefined;
    }
  } else if (node.kind === EXTENSION && node.child.kind !== UNRESOLVED) {
    if (node.child.lastUsed < oldestKept && node.child.hash) node.child = new UnresolvedNode(node.child.hash);
  }
}
