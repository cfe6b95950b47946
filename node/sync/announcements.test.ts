import { describe, expect, test } from "vitest";
import { type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlockHeader, rootHeaderHash } from "../chain/root-block.ts";
import { ROOT_GENESIS } from "../cl/chain-rules.testkit.ts";
import { bytesKey } from "../codec/bytes.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import { seededRandom } from "../shard/scheduler.testkit.ts";
import { Lab, SHARD_A, SHARD_B } from "../shard/shard-lab.testkit.ts";
import { Announcements } from "./announcements.ts";
import { PeerFaultError } from "./peer-fault.ts";
import { type ConnectionLife, readAnnouncements } from "./peer-vectors.testkit.ts";

const { header: GENESIS, meta: META } = new Lab().genesis(SHARD_A);

/** What a vector's roots and blocks stand for, and a chain that stands where it says. */
class Life {
  readonly roots: readonly RootBlockHeader[];
  readonly blocks: readonly MinorBlockHeader[];
  readonly announcements: Announcements;
  readonly #known = new Map<string, RootBlockHeader>();
  readonly #chain = { fullShardId: SHARD_A, snapshot: undefined as ChainSnapshot | undefined };

  constructor({ roots, blocks }: ConnectionLife) {
    this.roots = roots.map(({ totalDifficulty, height }, i) => ({
      ...ROOT_GENESIS,
      height,
      totalDifficulty: BigInt(totalDifficulty),
      nonce: BigInt(i),
    }));
    this.blocks = blocks.map(({ height, branch, root }, i) => ({
      ...GENESIS,
      height,
      branch: branch === 1 ? SHARD_A : SHARD_B,
      prevRootBlockHash: rootHeaderHash(this.roots[root]),
      nonce: BigInt(i),
    }));
    for (const [i, { isKnown }] of roots.entries()) {
      if (isKnown) this.#known.set(bytesKey(rootHeaderHash(this.roots[i])), this.roots[i]);
    }
    this.announcements = new Announcements(this.#chain, {
      has: (hash) => this.#known.has(bytesKey(hash)),
      header: (hash) => this.#known.get(bytesKey(hash))!,
    });
  }

  tipIs(root: number, block: number, confirmedOn: number | null): ChainSnapshot {
    const snapshot = snapshotOf(this.roots[root], this.blocks[block]);
    const prevRootBlockHash = confirmedOn === null ? undefined : rootHeaderHash(this.roots[confirmedOn]);
    const confirmed = prevRootBlockHash && { ...snapshot.head, prevRootBlockHash };
    this.#chain.snapshot = { ...snapshot, confirmed };
    return this.#chain.snapshot;
  }
}

function snapshotOf(rootHeader: RootBlockHeader, header: MinorBlockHeader): ChainSnapshot {
  const { height, prevMinorBlockHash, prevRootBlockHash } = header;
  return {
    head: { hash: minorHeaderHash(header), height, prevMinorBlockHash, prevRootBlockHash },
    headBlock: { header, meta: META },
    confirmed: undefined,
    rootTip: { hash: rootHeaderHash(rootHeader), header: rootHeader },
    tipState: { kind: "bare", stateRoot: minorHeaderHash(header), timestamp: 0 },
  };
}

function received(life: Life, root: number, blocks: readonly number[]): "close" | "sync" | "none" {
  const headers = blocks.map((block) => life.blocks[block]);
  try {
    const header = life.announcements.received(life.roots[root], headers);
    if (header === undefined) return "none";
    expect(header).toBe(headers[0]);
    return "sync";
  } catch (error) {
    expect(error).toBeInstanceOf(PeerFaultError);
    return "close";
  }
}

describe("what pyquarkchain's connections do", () => {
  const { announced, pushed } = readAnnouncements();

  test.each([
    ["announcements alone", announced, 400],
    ["with pushed blocks, which are not held against a peer", pushed, 400],
  ])("%s", (_, lives, most) => {
    let compared = 0;
    for (const [i, vector] of lives.entries()) {
      const life = new Life(vector);
      for (const event of vector.events) {
        const what = `life ${i}: ${JSON.stringify(event)}`;
        if (event.kind === "start") life.tipIs(event.root, event.block, null);
        else if (event.kind === "push") life.announcements.receivedBlock(life.blocks[event.block]);
        else if (event.kind === "announce") {
          const result = received(life, event.root, event.blocks);
          if (lives === pushed && event.result === "close" && result !== "close") break;
          expect([what, result]).toEqual([what, event.result]);
          compared++;
        } else {
          const snapshot = life.tipIs(event.root, event.block, event.confirmedOn);
          const tip = life.announcements.tipToTell(snapshot);
          expect([what, tip !== undefined]).toEqual([what, event.result]);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(most);
  });
});

/** What a pyquarkchain peer ends a connection for (shard.py handle_new_minor_block_header_list_command). */
class StrictPeer {
  #root: RootBlockHeader | undefined;
  #height = 0;

  isPushed({ height }: MinorBlockHeader): void {
    this.#height = height;
  }

  isTold(root: RootBlockHeader, { height }: MinorBlockHeader): void {
    if (this.#root !== undefined) {
      if (root.totalDifficulty < this.#root.totalDifficulty) throw new Error("total difficulty decreases");
      if (root.totalDifficulty === this.#root.totalDifficulty) {
        if (root.nonce !== this.#root.nonce) throw new Error("another root block");
        if (height < this.#height) throw new Error("height decreases");
      }
    }
    this.#root = root;
    this.#height = height;
  }
}

test("whatever becomes of our tip, and whatever is pushed, no peer is told what it would leave for", () => {
  let told = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const below = (n: number) => Math.floor(random() * n);
    const announcements = new Announcements(
      { fullShardId: SHARD_A, snapshot: undefined },
      { has: () => true, header: never },
    );
    const peer = new StrictPeer();
    const roots = Array.from({ length: 5 }, (_, i) => ({
      ...ROOT_GENESIS,
      totalDifficulty: BigInt(1 + (i >> 1)),
      nonce: BigInt(i),
    }));
    for (let step = 0; step < 25; step++) {
      const header = { ...GENESIS, height: 1 + below(6), nonce: BigInt(step) };
      if (random() < 0.3) {
        announcements.toldBlock(header);
        peer.isPushed(header);
        continue;
      }
      const tip = announcements.tipToTell(snapshotOf(roots[below(5)], header));
      if (tip === undefined) continue;
      told++;
      expect(() => peer.isTold(tip.rootHeader, tip.header), `seed ${seed}`).not.toThrow();
    }
  }
  expect(told).toBeGreaterThan(500);
});

function never(): never {
  throw new Error("no root block is looked at");
}
