import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import { folderDigest } from "../../node/archive/sstable/folder-digest.testkit.ts";
import { addressFromHex, bytesKey, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { ArchivedNodes } from "../../node/el/archived-nodes.ts";
import { LyingClient } from "../../node/el/lying-executor.testkit.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";
import { trieLeaves } from "../../node/el/trie/trie-leaves.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../work/built-project.testkit.ts";
import { FIXTURE } from "./twin-chain.testkit.ts";
import { type CheckAnswer, checkInProcess } from "./twin-check.testkit.ts";
import { reportWithoutTiming, startCheckdb } from "./twin-command.testkit.ts";
import {
  type AccountExport,
  type BlockExport,
  exportedManifest,
  exportedRows,
  type RootExport,
} from "./twin-exports.testkit.ts";

const manifest = exportedManifest();
const confirmed = exportedRows<BlockExport>("blocks").filter((block) => block.confirmed);
const roots = exportedRows<RootExport>("roots").filter(({ canonical, height }) => canonical && height > 0);
const accounts = exportedRows<AccountExport>("accounts");

/** Every file of the database folder, whatever lies between. */
function databaseDigest(): Readonly<Record<string, string>> {
  const folders = readdirSync(FIXTURE).filter((name) => statSync(join(FIXTURE, name)).isDirectory());
  const files = readdirSync(FIXTURE).filter((name) => !folders.includes(name));
  return Object.fromEntries([
    ...folders.map((name) => [name, folderDigest(join(FIXTURE, name))]),
    ...files.map((name) => [name, toHex(keccak256(readFileSync(join(FIXTURE, name))))]),
  ]);
}

const before = databaseDigest();

function sum(blocks: readonly BlockExport[], count: (block: BlockExport) => number): number {
  return blocks.reduce((total, block) => total + count(block), 0);
}

/** What a report must count of these blocks. Deposits are counted by receipts where contracts run already. */
function totalsOf(blocks: readonly BlockExport[]) {
  return {
    minorBlocks: blocks.length,
    transactions: sum(blocks, ({ txCount }) => txCount),
    gasUsed: String(sum(blocks, ({ gasUsed }) => gasUsed)),
    xshardGasUsed: String(sum(blocks, ({ xshardGasUsed }) => xshardGasUsed)),
  };
}

describe("the whole database, block by block", () => {
  const executed = new Map<string, ExecutionResult>();
  let answer: CheckAnswer;

  beforeAll(async () => {
    answer = await checkInProcess(FIXTURE, {
      checkArchive: true,
      wrapEngine: (engine) =>
        new LyingClient(engine, (result, { fullShardId, height }) => {
          if (result.status === "EXECUTED") executed.set(`${fullShardId}/${height}`, result.computed);
          return result;
        }),
    });
  });

  test("is clean, and every total is what pyquarkchain counted", () => {
    const { exitCode, report } = answer;
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ verdict: "clean", warnings: [], range: { rootFrom: 1, rootTo: roots.length } });
    expect(confirmed).toHaveLength(manifest.counts.canonicalMinor);
    expect(roots.flatMap(({ minor }) => minor)).toHaveLength(confirmed.length);
    expect(report?.totals).toMatchObject({ rootBlocks: roots.length, ...totalsOf(confirmed) });
    const shards = Object.keys(manifest.shardTips).map(Number);
    expect(report?.shards).toMatchObject(
      shards.map((fullShardId) => ({
        fullShardId,
        ...totalsOf(confirmed.filter(({ branch }) => branch === fullShardId)),
      })),
    );
    expect(executed.size).toBe(confirmed.length - shards.length);
    const consumed = [...executed.values()].reduce((total, { depositsConsumed }) => total + depositsConsumed, 0);
    expect(report?.totals.deposits).toBe(consumed);
  });

  test.each(confirmed.filter(({ height }) => height > 0))("$branch/$height computes what was exported", (block) => {
    const computed = executed.get(`${block.branch}/${block.height}`) as ExecutionResult;
    const { xshardCursor: cursor } = computed;
    const receipts = computed.receipts.map((receipt) => [
      Number(receipt.success),
      Number(receipt.cumulativeGasUsed),
      receipt.logs.length,
      toHex(receipt.contractAddress),
    ]);
    expect({
      stateRoot: toHex(computed.stateRoot),
      receiptRoot: toHex(computed.receiptRoot),
      gasUsed: Number(computed.gasUsed),
      xshardGasUsed: Number(computed.xshardReceiveGasUsed),
      cursor: [cursor.rootBlockHeight, cursor.minorBlockIndex, cursor.xshardDepositIndex],
      bloomKeccak: toHex(keccak256(computed.bloom)),
      coinbaseAmounts: Object.fromEntries([...computed.coinbaseAmounts].map(([id, n]) => [`${id}`, `${n}`])),
      xshardOut: computed.xshardSends.length,
      txCount: computed.senders.length,
      depositReceipts: receipts.length - computed.senders.length,
      receipts,
    }).toEqual({
      stateRoot: block.stateRoot,
      receiptRoot: block.receiptRoot,
      gasUsed: block.gasUsed,
      xshardGasUsed: block.xshardGasUsed,
      cursor: block.cursor,
      bloomKeccak: block.bloomKeccak,
      coinbaseAmounts: block.coinbaseAmounts,
      xshardOut: block.xshardOut,
      txCount: block.txCount,
      depositReceipts: block.depositReceipts,
      receipts: block.receipts,
    });
  });

  test.each(Object.entries(manifest.shardTips))("accounts of shard %s at its tip", (shard, { height, stateRoot }) => {
    const computed = executed.get(`${shard}/${height}`) as ExecutionResult;
    expect(toHex(computed.stateRoot)).toBe(stateRoot);
    const database = openPyquarkchainDatabase(FIXTURE);
    const { rows } = database.shard(Number(shard));
    const nodes = new ArchivedNodes(rows, { name: `shard-${shard}.db`, cacheBytes: 1 << 20 });
    const leaves = [...trieLeaves(nodes, hashFromHex(stateRoot))];
    database.close();
    const exported = accounts.filter(({ branch }) => branch === Number(shard));
    expect(new Map(leaves.map(({ key, value }) => [bytesKey(key), toHex(value)]))).toEqual(
      new Map(exported.map(({ address, rlp }) => [bytesKey(keccak256(addressFromHex(address))), rlp])),
    );
    expect(exported.length).toBeGreaterThan(10);
  });
});

describe("forks of the root chain that were abandoned", () => {
  const abandoned = exportedRows<RootExport>("roots").filter(({ canonical }) => !canonical);

  test.each(abandoned)(
    "with the block at $height for a tip the database is clean too",
    async ({ height, hash, minor }) => {
      const { exitCode, report } = await checkInProcess(FIXTURE, { rootTip: hash, last: 1, checkArchive: true });
      expect(exitCode).toBe(0);
      expect(report).toMatchObject({
        range: { rootFrom: height, rootTo: height },
        provenance: { database: { tipHash: hash } },
        totals: { rootBlocks: 1, minorBlocks: minor.length },
      });
    },
  );
});

describe("through the built command", () => {
  const out = temporaryFolder();
  let project: BuiltProject;
  let whole: unknown;

  beforeAll(async () => {
    project = buildProject();
    whole = await run("whole", 1);
  });
  afterAll(() => {
    out.remove();
  });

  function start(report: string, ...args: string[]) {
    const small = ["--check_db_rblock_batch", "1", "--quiet", "--report", report];
    return startCheckdb(project, out.path, FIXTURE, [...small, ...args]);
  }

  async function run(report: string, workers: number): Promise<unknown> {
    const { code, stdout } = await start(report, "--workers", `${workers}`).ended;
    expect(stdout).toBe("clean: 239 minor blocks and 18 root blocks of root blocks 1..18 checked; nothing differs\n");
    expect(code).toBe(0);
    return reportWithoutTiming(join(out.path, report));
  }

  test("two workers give the same report", async () => {
    expect(await run("two", 2)).toEqual(whole);
  });

  test("so does the check in one thread, with ranges of another size", async () => {
    const { timing: _, ...report } = (await checkInProcess(FIXTURE)).report ?? { timing: undefined };
    expect(JSON.parse(JSON.stringify(report))).toEqual(whole);
  });

  let attempt = 0;
  // A machine that is too busy to stop the run in time gets another chance.
  test.each(["SIGINT", "SIGKILL"] as const)("%s and --resume give the same report", { retry: 2 }, async (signal) => {
    const report = `${signal}-${attempt++}`;
    const first = start(report, "--workers", "1");
    await firstRange(first.child, join(out.path, report, "checkpoint"));
    first.child.kill(signal);
    const { code } = await first.ended;
    expect(code).toBe(signal === "SIGINT" ? 130 : null);
    const resumed = start(report, "--workers", "2", "--resume");
    expect((await resumed.ended).code).toBe(0);
    expect(reportWithoutTiming(join(out.path, report))).toEqual(whole);
    const { timing } = JSON.parse(readFileSync(join(out.path, report, "report.json"), "utf8"));
    expect(timing.resumedRanges).toBeGreaterThan(0);
    expect(timing.resumedRanges).toBeLessThan(timing.ranges);
  });

  /** Until the checkpoint holds more than what it starts with. */
  async function firstRange(child: ChildProcess, folder: string): Promise<void> {
    const bytes = () => {
      if (!existsSync(folder)) return 0;
      const logs = readdirSync(folder).filter((name) => name.endsWith(".log"));
      return logs.reduce((total, name) => total + statSync(join(folder, name)).size, 0);
    };
    let started = 0;
    while (child.exitCode === null && (started === 0 || bytes() === started)) {
      started ||= bytes();
      await sleep(2);
    }
  }
});

test("not a byte of the database has changed", () => {
  expect(databaseDigest()).toEqual(before);
  expect(Object.keys(before)).toContain("shard-1.db");
});
