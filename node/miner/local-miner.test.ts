import { expect, test } from "vitest";
import type { ConsensusType } from "../chain/consensus-type.ts";
import { type MinorBlock, minorMiningHash } from "../chain/minor-block.ts";
import { type Hash32, ZERO_HASH } from "../codec/bytes.ts";
import { settle, VirtualClock } from "../codec/virtual-clock.testkit.ts";
import { EMPTY_QKC_ADDRESS, type QkcAddress } from "../codec/wire.ts";
import { LocalMiner } from "./local-miner.ts";
import { hashOf, minedBlock } from "./mined-block.testkit.ts";
import type { SealJob } from "./seal-search.ts";
import type { Seal } from "./work-cache.ts";

const START = 1_700_000_000_000;

interface Search {
  readonly job: SealJob;
  found(seal: Seal): void;
  isGivenUp: boolean;
}

/** A shard whose head moves with each block that is added. */
class World {
  readonly clock = new VirtualClock(START);
  readonly coinbases: QkcAddress[] = [];
  readonly added: MinorBlock[] = [];
  readonly addedAt: number[] = [];
  readonly searches: Search[] = [];
  readonly log: string[] = [];
  isSyncing = false;
  random = 0.5;
  gasUsed = 0n;
  failure: Error | undefined;
  acknowledged: Promise<void> = Promise.resolve();
  head: { hash: Hash32; height: number; createTime: number } = { hash: hashOf(1), height: 0, createTime: 0 };
  readonly miner: LocalMiner;

  constructor(consensusType: ConsensusType = "POW_SIMULATE") {
    this.miner = new LocalMiner({
      consensusType,
      qkchashXFrom: 2,
      templates: { make: async (coinbase) => this.#template(coinbase) },
      mined: {
        add: async (block) => {
          const isAdded = this.#add(block);
          await this.acknowledged;
          return isAdded;
        },
      },
      seals: { find: (job, signal) => this.#find(job, signal), close: async () => {} },
      isSyncing: () => this.isSyncing,
      clock: this.clock,
      random: () => this.random,
      log: (level, line) => this.log.push(`${level}: ${line}`),
    });
  }

  /** Somebody else's block becomes the head. */
  moveHead(): void {
    const { height, createTime } = this.head;
    this.head = { hash: hashOf(100 + height), height: height + 1, createTime: createTime + 1 };
    this.miner.headMoved();
  }

  #template(coinbase: QkcAddress): MinorBlock {
    if (this.failure !== undefined) throw this.failure;
    this.coinbases.push(coinbase);
    const { hash: prev, height, createTime } = this.head;
    const now = Math.floor(this.clock.now() / 1000);
    return minedBlock({ prev, height: height + 1, createTime: Math.max(now, createTime + 1), gasUsed: this.gasUsed });
  }

  #add(block: MinorBlock): boolean {
    this.added.push(block);
    this.addedAt.push((this.clock.now() - START) / 1000);
    const { height, createTime } = block.header;
    this.head = { hash: hashOf(height + 1), height, createTime };
    this.miner.headMoved();
    return true;
  }

  #find(job: SealJob, signal: AbortSignal): Promise<Seal | undefined> {
    return new Promise((resolve) => {
      const search: Search = { job, found: resolve, isGivenUp: false };
      this.searches.push(search);
      signal.addEventListener("abort", () => {
        search.isGivenUp = true;
        resolve(undefined);
      });
    });
  }
}

/** What half of all exponentially distributed times stay below. */
const HALF = Math.log(2);

test("simulated blocks come after exponentially distributed times, the sooner the fuller they are", async () => {
  const world = new World();
  world.miner.start(10);
  await world.clock.advance(45_000);
  // Each time counts from its template's second, not from where the clock stood in it.
  expect(world.addedAt).toHaveLength(7);
  expect(world.addedAt[0]).toBeCloseTo(10 * HALF, 3);
  expect(world.addedAt[1]).toBeCloseTo(Math.floor(world.addedAt[0]) + 10 * HALF, 3);
  const full = new World();
  full.gasUsed = 1000n;
  full.miner.start(10);
  await full.clock.advance(10 * HALF * 0.6 * 1000 + 1);
  expect(full.addedAt).toHaveLength(1);
  expect(full.addedAt[0]).toBeCloseTo(10 * HALF * 0.6, 3);
});

test("a simulated block is made when its time has come, and carries a nonce of 32 bits and when it was mined", async () => {
  const world = new World();
  world.miner.start(10);
  await world.clock.advance(1000);
  world.moveHead();
  await world.clock.advance(9000);
  const [{ header, trackingData }] = world.added;
  expect(header.height).toBe(2);
  expect(header.nonce).toBe(2n ** 31n);
  expect(header.mixhash).toEqual(ZERO_HASH);
  expect(world.coinbases.every((coinbase) => coinbase === EMPTY_QKC_ADDRESS)).toBe(true);
  expect(JSON.parse(Buffer.from(trackingData).toString())).toEqual({
    inception: 1,
    cluster: "c",
    creation_ms: 2,
    mined: START + Math.floor(10_000 * HALF),
  });
});

test("nothing is made while the shard syncs, and what was waited for goes on behind it", async () => {
  const world = new World();
  world.isSyncing = true;
  world.miner.start(10);
  await world.clock.advance(100_000);
  expect(world.coinbases).toHaveLength(0);
  world.isSyncing = false;
  await world.clock.advance(100 + 10 * HALF * 1000 + 1000);
  expect(world.added).toHaveLength(1);
});

test("stopping ends it at once, and starting again resumes, as often as one likes (P15)", async () => {
  const world = new World();
  world.miner.start(10);
  await world.clock.advance(8000);
  expect(world.added).toHaveLength(1);
  for (let round = 2; round < 6; round++) {
    world.miner.stop();
    expect(world.miner.isRunning).toBe(false);
    await world.clock.advance(60_000);
    expect(world.added).toHaveLength(round - 1);
    expect(world.clock.isAwaited).toBe(false);
    world.miner.start(10);
    await world.clock.advance(8000);
    expect(world.added).toHaveLength(round);
  }
});

test("other times count from now on where it is started again, and from the next block where the master says them", async () => {
  const world = new World();
  world.miner.start(1000);
  await world.clock.advance(5000);
  world.miner.start(10);
  await world.clock.advance(8000);
  expect(world.added).toHaveLength(1);
  world.miner.setTargetBlockTime(1000);
  await world.clock.advance(8000);
  expect(world.added).toHaveLength(2);
  await world.clock.advance(600_000);
  expect(world.added).toHaveLength(2);
  await world.clock.advance(100_000);
  expect(world.added).toHaveLength(3);
});

test("a failure is told, and tried again a second later", async () => {
  const world = new World();
  world.failure = new Error("no state");
  world.miner.start(10);
  await world.clock.advance(10_500);
  expect(world.log).toHaveLength(11);
  expect(world.log[0]).toBe("error: mining fails: no state");
  world.failure = undefined;
  await world.clock.advance(10_000);
  expect(world.added).toHaveLength(1);
});

test("real seals are sought at the header's difficulty, and begun anew on a new head and after ten seconds", async () => {
  const world = new World("POW_QKCHASH");
  world.miner.start(10);
  await settle();
  expect(world.log).toEqual([expect.stringContaining("warn: ")]);
  expect(world.searches[0].job).toMatchObject({ type: "POW_QKCHASH", height: 1, difficulty: 5n, qkchashX: false });
  world.moveHead();
  await settle();
  expect(world.searches[0].isGivenUp).toBe(true);
  expect(world.searches[1].job).toMatchObject({ height: 2, qkchashX: true });
  await world.clock.advance(10_000);
  expect(world.searches[1].isGivenUp).toBe(true);
  const [, , third] = world.searches;
  third.found({ nonce: 7n, mixhash: hashOf(9) });
  await settle();
  const [block] = world.added;
  expect(block.header).toMatchObject({ nonce: 7n, mixhash: hashOf(9), height: 2 });
  expect(minorMiningHash(block.header)).toEqual(third.job.miningHash);
  expect(world.searches[3].job.height).toBe(3);
  world.miner.stop();
  await settle();
  expect(world.searches[3].isGivenUp).toBe(true);
  await world.clock.advance(60_000);
  expect(world.searches).toHaveLength(4);
});

test("a block that nobody acknowledges keeps the miner from the next one, but not from being stopped and started", async () => {
  const world = new World();
  world.acknowledged = new Promise(() => {});
  world.miner.start(10);
  await world.clock.advance(60_000);
  expect(world.added).toHaveLength(1);
  world.acknowledged = Promise.resolve();
  world.miner.start(10);
  await world.clock.advance(8000);
  expect(world.added).toHaveLength(2);
  world.acknowledged = new Promise(() => {});
  await world.clock.advance(8000);
  await world.miner.close();
});

test("closing ends everything", async () => {
  const world = new World("POW_DOUBLESHA256");
  world.miner.start(10);
  await settle();
  await world.miner.close();
  expect(world.searches[0].isGivenUp).toBe(true);
  expect(world.clock.isAwaited).toBe(false);
});
