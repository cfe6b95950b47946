import { describe, expect, test } from "vitest";
import type { RootBlockHeader } from "../chain/root-block.ts";
import { asHash32, bytesKey, type Hash32 } from "../codec/bytes.ts";
import { type ChainView, ForkChoice, type MinorRef, type RootRef } from "./fork-choice.ts";

/** Blocks that are only names: "a2" is the second block of branch a. */
class Chains implements ChainView {
  readonly genesisRootHeight = 0;
  readonly #minors = new Map<string, MinorRef>();
  readonly #roots = new Map<string, RootRef>();

  hash(name: string): Hash32 {
    return asHash32(Uint8Array.from({ length: 32 }, (_, i) => name.charCodeAt(i) || 0));
  }

  root(name: string, parent: string, totalDifficulty: number): RootRef {
    const height = parent === "" ? 0 : this.rootHeader(this.hash(parent)).height + 1;
    const header = { height, prevBlockHash: this.hash(parent), totalDifficulty: BigInt(totalDifficulty) };
    const root = { hash: this.hash(name), header: header as RootBlockHeader };
    this.#roots.set(bytesKey(root.hash), root);
    return root;
  }

  block(name: string, parent: string, root: string): MinorRef {
    const height = parent === "" ? 0 : this.minor(this.hash(parent)).height + 1;
    const block = {
      hash: this.hash(name),
      height,
      prevMinorBlockHash: this.hash(parent),
      prevRootBlockHash: this.hash(root),
    };
    this.#minors.set(bytesKey(block.hash), block);
    return block;
  }

  readonly minor = (hash: Hash32) => this.#minors.get(bytesKey(hash))!;
  readonly rootHeader = (hash: Hash32) => this.#roots.get(bytesKey(hash))!.header;
  readonly genesisOn = (rootHash: Hash32) => this.minor(this.hash(`g-${String.fromCharCode(...rootHash.slice(0, 2))}`));
  readonly isRootAncestor = (ancestor: Hash32, descendant: Hash32) => {
    let hash = descendant;
    while (this.rootHeader(hash).height > this.rootHeader(ancestor).height) hash = this.rootHeader(hash).prevBlockHash;
    return bytesKey(hash) === bytesKey(ancestor);
  };
}

/** Genesis g on root block r0. */
function begin() {
  const chains = new Chains();
  const rootTip = chains.root("r0", "", 1);
  const genesis = chains.block("g", "", "r0");
  return { chains, follower: new ForkChoice(chains, { head: genesis, confirmed: undefined, rootTip }) };
}

function nameOf({ hash }: MinorRef): string {
  return String.fromCharCode(...hash.filter((byte) => byte !== 0));
}

describe("which block is the head (cluster/shard_state.py add_block)", () => {
  test("what extends it wins; a shorter or equal branch does not", () => {
    const { chains, follower } = begin();
    expect(follower.addMinorBlock(chains.block("a1", "g", "r0"))).toBe(true);
    expect(follower.addMinorBlock(chains.block("b1", "g", "r0"))).toBe(false);
    expect(follower.addMinorBlock(chains.block("a2", "a1", "r0"))).toBe(true);
    expect(follower.addMinorBlock(chains.block("b2", "b1", "r0"))).toBe(false);
    expect(nameOf(follower.head)).toBe("a2");
  });

  test("a greater height wins from another branch", () => {
    const { chains, follower } = begin();
    follower.addMinorBlock(chains.block("a1", "g", "r0"));
    follower.addMinorBlock(chains.block("b1", "g", "r0"));
    expect(follower.addMinorBlock(chains.block("b2", "b1", "r0"))).toBe(true);
    expect(nameOf(follower.head)).toBe("b2");
  });

  test("at equal heights the later root block wins", () => {
    const { chains, follower } = begin();
    follower.addMinorBlock(chains.block("a1", "g", "r0"));
    follower.addRootBlock(chains.root("r1", "r0", 2), undefined);
    expect(follower.addMinorBlock(chains.block("b1", "g", "r1"))).toBe(true);
    expect(follower.addMinorBlock(chains.block("c1", "g", "r0"))).toBe(false);
  });

  test("a block whose root block is not on the root tip's chain never wins, not even by extending the head", () => {
    const { chains, follower } = begin();
    follower.addRootBlock(chains.root("r1", "r0", 3), undefined);
    chains.root("s1", "r0", 2);
    expect(follower.addMinorBlock(chains.block("a1", "g", "s1"))).toBe(false);
  });

  test("a higher block that does not descend from the confirmed one does not win", () => {
    const { chains, follower } = begin();
    const a1 = chains.block("a1", "g", "r0");
    follower.addMinorBlock(a1);
    follower.addRootBlock(chains.root("r1", "r0", 2), a1);
    follower.addMinorBlock(chains.block("b1", "g", "r0"));
    expect(follower.addMinorBlock(chains.block("b2", "b1", "r0"))).toBe(false);
    expect(nameOf(follower.head)).toBe("a1");
  });
});

describe("which block is the head when a root block arrives (cluster/shard_state.py add_root_block)", () => {
  test("an equal total difficulty changes nothing", () => {
    const { chains, follower } = begin();
    const a1 = chains.block("a1", "g", "r0");
    follower.addMinorBlock(a1);
    follower.addRootBlock(chains.root("r1", "r0", 2), a1);
    expect(follower.addRootBlock(chains.root("s1", "r0", 2), undefined)).toBe(false);
    expect(nameOf(follower.confirmed!)).toBe("a1");
  });

  test("a confirmed block of another branch becomes the head; nobody looks for what is built on it", () => {
    const { chains, follower } = begin();
    for (const [name, parent] of [
      ["a1", "g"],
      ["a2", "a1"],
      ["b1", "g"],
      ["b2", "b1"],
    ]) {
      follower.addMinorBlock(chains.block(name, parent, "r0"));
    }
    follower.addRootBlock(chains.root("r1", "r0", 2), chains.minor(chains.hash("b1")));
    expect(nameOf(follower.head)).toBe("b1");
  });

  test("a confirmed block above the head becomes the head", () => {
    const { chains, follower } = begin();
    const a1 = chains.block("a1", "g", "r0");
    follower.addRootBlock(chains.root("r1", "r0", 2), a1);
    expect(nameOf(follower.head)).toBe("a1");
  });

  test("the head goes back to where its root block is on the new root chain", () => {
    const { chains, follower } = begin();
    follower.addMinorBlock(chains.block("a1", "g", "r0"));
    follower.addRootBlock(chains.root("r1", "r0", 2), undefined);
    follower.addMinorBlock(chains.block("a2", "a1", "r1"));
    follower.addMinorBlock(chains.block("a3", "a2", "r1"));
    expect(follower.addRootBlock(chains.root("s1", "r0", 3), undefined)).toBe(true);
    expect(nameOf(follower.head)).toBe("a1");
  });

  test("past genesis it is the genesis block of the new root chain", () => {
    const chains = new Chains();
    const rootTip = chains.root("r0", "", 1);
    const follower = new ForkChoice(chains, { head: chains.block("g-r0", "", "r0"), confirmed: undefined, rootTip });
    chains.root("s0", "", 1);
    chains.block("g-s0", "", "s0");
    follower.addRootBlock(chains.root("s1", "s0", 2), undefined);
    expect(nameOf(follower.head)).toBe("g-s0");
  });
});
