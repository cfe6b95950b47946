import { describe, expect, test } from "vitest";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import { bytesKey, type Hash32 } from "../codec/bytes.ts";
import { seededRandom } from "../shard/scheduler.testkit.ts";
import { Lab, SHARD_A, SHARD_B } from "../shard/shard-lab.testkit.ts";
import { Announcements } from "./announcements.ts";
import { PushedBlocks } from "./pushed-blocks.ts";
import { chainOn, LabPeer, openSyncShard, type SyncShard, syncConfig } from "./sync-lab.testkit.ts";
import { syncMinorBlocks } from "./sync-minor-blocks.ts";
import { Synchronizer } from "./synchronizer.ts";

const RUNS = Number(process.env.QKC_HOSTILE_SYNCS ?? 20);
const FIRST_SEED = Number(process.env.QKC_SEED ?? 1);
const MOVES = 40;

/** Answers what it is asked with something that looks right and mostly is not: short, foreign, empty, unlinked, doubled, late. */
class HostilePeer extends LabPeer {
  constructor(random: () => number, truth: SyncShard, foreign: readonly MinorBlock[]) {
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
    const spoiled = <T>(items: readonly T[], strangers: readonly T[], altered: (item: T) => T): readonly T[] => {
      if (random() < 0.5) return items;
      const at = Math.floor(random() * items.length);
      return pick([
        () => [],
        () => items.slice(0, at),
        () => items.slice(1),
        () => items.toReversed(),
        () => [...items, ...items],
        () => items.toSpliced(at, 0, items[at]),
        () => items.toSpliced(at, 1),
        () => items.toSpliced(at, 1, pick(strangers)),
        () => items.with(at, altered(items[at])),
        () => strangers,
      ])();
    };
    const later = async () => {
      // An answer that comes too late is none: the connection rejects.
      if (random() < 0.05) throw new Error("no answer in 30 s");
      if (random() < 0.05) this.leave();
      if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
    };
    const strangers = foreign.map(({ header }) => header);
    const alteredHeader = (header: MinorBlockHeader): MinorBlockHeader => ({
      ...header,
      ...pick([
        { height: header.height + 1 },
        { height: 2 ** 53 - 1 },
        { branch: SHARD_B },
        { nonce: header.nonce + 1n },
        { prevRootBlockHash: header.prevMinorBlockHash },
      ]),
    });
    const alteredBlock = (block: MinorBlock): MinorBlock =>
      pick([
        { ...block, header: alteredHeader(block.header) },
        { ...block, trackingData: new Uint8Array(5000) },
        { ...block, meta: { ...block.meta, gasUsed: 1n } },
      ]);
    super(truth.server, {
      headersFrom: async (hash, limit) => {
        await later();
        const answer = truth.server.headers({ hash, branch: SHARD_A, limit, direction: 0 });
        return { ...answer, headers: spoiled(answer.headers, strangers, alteredHeader) };
      },
      blocks: async (hashes) => {
        await later();
        return spoiled(truth.server.blocks(hashes), foreign, alteredBlock);
      },
    });
  }
}

interface Tally {
  closed: number;
  left: number;
  added: number;
  asked: number;
}

async function play(seed: number, tally: Tally): Promise<void> {
  const random = seededRandom(seed);
  const lab = new Lab(syncConfig());
  const [ours, truth] = [await openSyncShard(lab), await openSyncShard(lab)];
  const genesis = lab.genesis(SHARD_A);
  const main = chainOn(lab, genesis.header, 60);
  const side = chainOn(lab, main[20].header, 30);
  await truth.add(...main, ...side);
  // Of another shard's lab: right in itself, and unknown here.
  const foreign = chainOn(new Lab(syncConfig()), { ...genesis.header, nonce: 5n }, 8);
  const blocks = [...main, ...side, ...foreign];
  for (const { header } of blocks) if (random() < 0.01) ours.seals.refused.add(header.nonce);
  for (const { header } of main) if (random() < 0.02) ours.engine.differing.add(bytesKey(minorHeaderHash(header)));

  const synchronizer = new Synchronizer(ours.parts);
  const pushed = new PushedBlocks({ ...ours.parts, synchronizer, broadcast: () => {} });
  const peers = new Map<LabPeer, Announcements>();
  const pending: Promise<unknown>[] = [];
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];

  /** As a connection does: what throws closes it. */
  const handled = async (peer: LabPeer, handle: () => unknown) => {
    try {
      await handle();
    } catch (error) {
      peer.close((error as Error).message);
    }
  };

  for (let move = 0; move < MOVES; move++) {
    if (peers.size < 4) peers.set(new HostilePeer(random, truth, foreign), new Announcements(ours.chain, ours.roots));
    const [peer, announcements] = pick([...peers]);
    const block = pick(blocks);
    const what = random();
    if (what < 0.5) {
      const headers = random() < 0.9 ? [block.header] : [{ ...block.header, height: 2 ** 53 - 1 }];
      pending.push(
        handled(peer, () => {
          const header = announcements.received(lab.rootGenesis.header, headers);
          if (header !== undefined) synchronizer.addTask(header, peer);
        }),
      );
    } else if (what < 0.75) pending.push(handled(peer, () => pushed.push(block, peer)));
    else {
      const from = Math.floor(random() * main.length);
      const hashes: Hash32[] = main.slice(from, from + 20).map(({ header }) => minorHeaderHash(header));
      pending.push(syncMinorBlocks(ours.parts, peer, hashes).catch(() => {}));
    }
    if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    for (const peer of [...peers.keys()]) {
      if (!peer.signal.aborted) continue;
      tally.closed += peer.closedFor.length;
      tally.left += peer.closedFor.length === 0 ? 1 : 0;
      tally.asked += peer.asked.length;
      peers.delete(peer);
    }
  }
  await Promise.all(pending);
  await synchronizer.idle();
  for (const peer of peers.keys()) tally.asked += peer.asked.length;

  expect(ours.lines.filter((line) => line.startsWith("error"))).toEqual([]);
  const { head } = ours.chain.snapshot!;
  tally.added += head.height;
  // Only what is true got in, and all of it is committed.
  expect(await ours.chain.unfinished()).toEqual([]);
  for (let at = head; at.height > 0; at = ours.chain.blocks.ref(at.prevMinorBlockHash)) {
    expect(truth.chain.statusOf(at.hash)).not.toBe("unknown");
    expect(ours.engine.differing.has(bytesKey(at.hash))).toBe(false);
  }
  // An honest peer finds a shard that still works.
  ours.seals.refused.clear();
  ours.engine.differing.clear();
  ours.intake.now += 60;
  const best = truth.chain.snapshot!.headBlock.header;
  const honest = new LabPeer(truth.server);
  synchronizer.addTask(best, honest);
  await synchronizer.idle();
  expect(honest.closedFor).toEqual([]);
  expect(ours.chain.snapshot!.head.height).toBeGreaterThanOrEqual(best.height);
}

/** QKC_SEED and QKC_HOSTILE_SYNCS choose others. */
describe("whatever peers send", () => {
  test("nothing hangs, nothing false gets in, and an honest peer is served after all", {
    timeout: 300_000,
  }, async () => {
    const tally: Tally = { closed: 0, left: 0, added: 0, asked: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      try {
        await play(seed, tally);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    console.log(`seeds ${FIRST_SEED}…${FIRST_SEED + RUNS - 1}: ${JSON.stringify(tally)}`);
    expect(tally.closed).toBeGreaterThan(RUNS);
    expect(tally.added).toBeGreaterThan(RUNS);
    // Every request is one of an honest sync, or the last of its peer.
    expect(tally.asked).toBeLessThan(RUNS * MOVES * 10);
  });

  test("endless chains of headers are not followed for long", async () => {
    const config = syncConfig();
    const lab = new Lab({ ...config, root: { ...config.root, maxStaleRootBlockHeightDiff: 22_500 } });
    const ours = await openSyncShard(lab);
    const genesis = lab.genesis(SHARD_A);
    const top = { ...lab.block(genesis.header, lab.rootGenesis.header).header, height: 3000 };
    const { rootTip, shardTip } = ours.server.headers({
      hash: minorHeaderHash(genesis.header),
      branch: SHARD_A,
      limit: 1,
      direction: 0,
    });
    // Headers that link backwards have to be made forwards.
    const chain: MinorBlockHeader[] = [{ ...top, height: 0, nonce: 99n }];
    for (let height = 1; height <= 3000; height++) {
      chain.push({ ...top, height, prevMinorBlockHash: minorHeaderHash(chain[height - 1]) });
    }
    const byHash = new Map(chain.map((header) => [bytesKey(minorHeaderHash(header)), header.height]));
    const peer = new LabPeer(ours.server, {
      headersFrom: async (hash, limit) => {
        ours.intake.now += 20;
        const height = byHash.get(bytesKey(hash))!;
        return { rootTip, shardTip, headers: chain.slice(Math.max(0, height - limit + 1), height + 1).toReversed() };
      },
    });
    const synchronizer = new Synchronizer(ours.parts);
    synchronizer.addTask(chain[3000], peer);
    await synchronizer.idle();
    expect(peer.closedFor[0]).toMatch(/no known block in 300 s/);
    expect(peer.asked).toHaveLength(16);
  });
});
