import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { openArchive } from "../../node/archive/open-archive.ts";
import { bytesKey } from "../../node/codec/bytes.ts";
import { databaseDigest, exported, SMALL, SMALL_SHARDS } from "../database/small-fixture.testkit.ts";
import { expectExportedAnswers } from "./eth-answers.testkit.ts";
import { lasting, replayFolder, replayInProcess, rowsOf, storesOf } from "./replay-run.testkit.ts";

const folders: { remove(): void }[] = [];

function freshFolder(): string {
  const folder = replayFolder();
  folders.push(folder);
  return folder.path;
}

afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

interface ExportedBlock {
  readonly branch: number;
  readonly height: number;
  readonly hash: string;
  readonly stateRoot: string;
  readonly canonical: boolean;
  readonly confirmed: boolean;
}

/** The newest block of a shard in pyquarkchain's own export. */
function newest(fullShardId: number, isWanted: (block: ExportedBlock) => boolean) {
  const blocks = exported<ExportedBlock>("blocks").filter((block) => block.branch === fullShardId && isWanted(block));
  const { height, hash, stateRoot } = blocks.reduce((a, b) => (b.height > a.height ? b : a));
  return { height, hash, stateRoot };
}

/** What pyquarkchain's database of a shard has and a CL store has not: bodies and states. */
const EXECUTION_SIDE = /^mblock_/;

/** pyquarkchain writes no commit marker for a genesis block (cluster/shard.py __init_genesis_state). */
function genesisCommit(fullShardId: number): string {
  const [{ hash }] = exported<ExportedBlock>("blocks").filter((b) => b.branch === fullShardId && b.height === 0);
  return `commit_${bytesKey(Buffer.from(hash, "hex"))}`;
}

async function comparedWithOld(datadir: string, fullShardId: number) {
  const source = openArchive(SMALL);
  try {
    const old = new Map<string, string>();
    for (const { key, value } of source.shard(fullShardId).rows.entries()) {
      if (key.length !== 32) old.set(bytesKey(key), bytesKey(value));
    }
    const fresh = await rowsOf(join(datadir, `cl-${fullShardId}`));
    return {
      altered: [...fresh].filter(([key, value]) => old.has(key) && old.get(key) !== value).map(([key]) => key),
      added: [...fresh.keys()].filter((key) => !old.has(key) && !key.startsWith("qkc_")),
      absent: [...old.keys()].filter((key) => !fresh.has(key)),
    };
  } finally {
    source.close();
  }
}

describe("a replay from genesis", () => {
  test("ends on the confirmed chain, and leaves rows that pyquarkchain has written alike", async () => {
    const before = databaseDigest(SMALL);
    const datadir = freshFolder();
    const { exitCode, report } = await replayInProcess({ datadir });
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ command: "replay", verdict: "clean", divergences: [], error: null });
    expect(report?.totals).toMatchObject({ rootBlocks: 18, minorBlocks: 239, transactions: 717, deposits: 242 });
    for (const { fullShardId, head } of report?.replay?.shards ?? []) {
      expect(head).toEqual(newest(fullShardId, ({ canonical, confirmed }) => canonical && confirmed));
    }
    for (const shard of SMALL_SHARDS) {
      const { altered, added } = await comparedWithOld(datadir, shard);
      expect({ altered, added }).toEqual({ altered: [], added: [genesisCommit(shard)] });
    }
    expect(databaseDigest(SMALL)).toBe(before);
  });

  test("with forks, every row of the consensus side is there, the head is the database's, and eth_* answers are the exports'", async () => {
    const datadir = freshFolder();
    const { exitCode, report } = await replayInProcess({ datadir, withForks: true });
    expect(exitCode).toBe(0);
    const sideBlocks = exported<ExportedBlock>("blocks").filter(({ confirmed }) => !confirmed).length;
    const shards = report?.replay?.shards ?? [];
    expect(shards.reduce((sum, shard) => sum + shard.sideBlocks, 0)).toBe(sideBlocks);
    expect(shards.reduce((sum, { reorgs }) => sum + reorgs, 0)).toBeGreaterThan(0);
    for (const { fullShardId, head } of shards) {
      expect(head).toEqual(newest(fullShardId, ({ canonical }) => canonical));
    }
    const transactions = new Set(
      exported<{ hash: string }>("txs").map(({ hash }) => `txindex_${bytesKey(Buffer.from(hash, "hex"))}`),
    );
    for (const shard of SMALL_SHARDS) {
      const { altered, added, absent } = await comparedWithOld(datadir, shard);
      const missing = absent.filter((key) => !EXECUTION_SIDE.test(key) && !transactions.has(key));
      expect({ altered, added, missing }).toEqual({ altered: [], added: [genesisCommit(shard)], missing: [] });
      await expectExportedAnswers(datadir, shard);
    }
  });

  test("in two parts it comes to the same stores and report", async () => {
    const [whole, parts] = [freshFolder(), freshFolder()];
    const expected = await replayInProcess({ datadir: whole, to: 6 });
    const first = await replayInProcess({ datadir: parts, to: 3 });
    expect(first.report?.totals.rootBlocks).toBe(3);
    const second = await replayInProcess({ datadir: parts, to: 6, resume: true });
    expect(lasting(second.report)).toEqual(lasting(expected.report));
    expect(await storesOf(parts)).toEqual(await storesOf(whole));
  });

  test("one shard alone takes the others' deposits from the old database, and says so", async () => {
    const { exitCode, report } = await replayInProcess({ datadir: freshFolder(), shards: [65538] });
    expect(exitCode).toBe(0);
    expect(report?.totals).toMatchObject({ minorBlocks: 66, deposits: 40 });
    expect(report?.warnings.join()).toMatch(/deposits from shard 1 .*, 131073 .* come from the old database/);
  });

  test("a pruned engine comes to the same chain", async () => {
    const { report } = await replayInProcess({ datadir: freshFolder(), to: 6, gcMode: "prune" });
    expect(report?.verdict).toBe("clean");
  });
});

describe("a folder for the new stores", () => {
  test("is taken for one run only", async () => {
    const datadir = freshFolder();
    expect(await replayInProcess({ datadir, resume: true })).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining("there is no replay in"),
    });
    await replayInProcess({ datadir, to: 1 });
    expect(await replayInProcess({ datadir })).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining("--resume continues it"),
    });
    expect(await replayInProcess({ datadir, shards: [1], resume: true })).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining("shards: 1, 65538, 65539, 131073 there, 1 now"),
    });
  });

  test("lies outside the database", async () => {
    expect(await replayInProcess({ datadir: join(SMALL, "new") })).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining("lies inside the database"),
    });
  });
});
