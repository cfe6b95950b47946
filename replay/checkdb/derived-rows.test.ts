import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { asHash32, concatBytes, type Hash32, uint32ToBytes, utf8 } from "../../node/codec/bytes.ts";
import { rootRowsOf } from "../database/derived-rows.ts";
import { FIXTURE, FixtureChain, flipped, MASTER } from "./twin-chain.testkit.ts";
import { type CheckAnswer, checkInProcess, checkTwin } from "./twin-check.testkit.ts";

/** One finding: the row, by what is wrong with it and its key. */
function expectOne({ exitCode, report }: CheckAnswer, fault: string, folder: string, key: RegExp): void {
  expect(report?.damage.map(({ message }) => message)).toEqual([
    expect.stringMatching(new RegExp(`^${fault} row in ${folder}: .*\\(key ${key.source}\\)$`)),
  ]);
  expect(exitCode).toBe(4);
}

function altered(value: Uint8Array): Uint8Array {
  return value.length === 0 ? utf8("x") : flipped(value, value.length - 1);
}

/** The hash in the list of a row `xd`. */
function firstHash(list: Uint8Array): Hash32 {
  return asHash32(list.slice(4, 36));
}

describe("rows of pyquarkchain that nothing executes", () => {
  const SHARD = "shard-1.db";
  /** A block with transactions and deposits, and the root block that confirms it. */
  const HEIGHT = 51;
  const ROOT_HEIGHT = 18;
  let chain: FixtureChain;
  beforeAll(() => {
    chain = new FixtureChain();
  });
  afterAll(() => chain.close());

  const hash = () => chain.minorHash(1, HEIGHT);
  const rows = () => chain.db.shard(1).rows;
  const key = (prefix: string, ...parts: Uint8Array[]) => concatBytes(utf8(prefix), ...parts);
  const firstDeposit = () => firstHash(rows().get(key("xd_", hash()))!);
  const firstKey = (prefix: Uint8Array) => [...rows().entries({ gte: prefix })][0].key.slice();
  const addressKey = () =>
    [...rows().entries({ gte: utf8("index_addr_"), lt: utf8("index_addr`") })]
      .map((row) => row.key.slice())
      .find(
        (candidate) => candidate.length === 40 && candidate.subarray(31, 35).join() === uint32ToBytes(HEIGHT).join(),
      )!;

  const CASES: readonly (readonly [name: string, folder: string, key: () => Uint8Array, shown: RegExp])[] = [
    ["ri_", MASTER, () => utf8(`ri_${ROOT_HEIGHT}`), /ri_18/],
    ["mi_", SHARD, () => utf8(`mi_${HEIGHT}`), /mi_51/],
    ["tx_count_", SHARD, () => key("tx_count_", hash()), /tx_count_[0-9a-f]{64}/],
    ["xd_", SHARD, () => key("xd_", hash()), /xd_[0-9a-f]{64}/],
    ["xr_", SHARD, () => key("xr_", hash()), /xr_[0-9a-f]{64}/],
    ["commit_", SHARD, () => key("commit_", hash()), /commit_[0-9a-f]{64}/],
    ["r_last_m", SHARD, () => key("r_last_m", chain.roots[ROOT_HEIGHT].hash), /r_last_m[0-9a-f]{64}/],
    [
      "txindex_ of a transaction",
      SHARD,
      () => key("txindex_", chain.minorBlock(1, HEIGHT).transactions[0].hash),
      /txindex_[0-9a-f]{64}/,
    ],
    ["txindex_ of a deposit", SHARD, () => key("txindex_", firstDeposit()), /txindex_[0-9a-f]{64}/],
    ["lastlist_", MASTER, () => key("lastlist_", chain.roots[ROOT_HEIGHT].hash), /lastlist_[0-9a-f]{64}/],
    ["mheader_", MASTER, () => key("mheader_", hash()), /mheader_[0-9a-f]{64}/],
    ["m_r_", MASTER, () => key("m_r_", hash(), uint32ToBytes(1)), /m_r_[0-9a-f]{72}/],
    ["count_", MASTER, () => utf8(`count_1_${ROOT_HEIGHT}`), /count_1_18/],
    ["index_alltx_", SHARD, () => firstKey(key("index_alltx_", uint32ToBytes(HEIGHT))), /index_alltx_[0-9a-f]+/],
    ["index_addr_", SHARD, addressKey, /index_addr_[0-9a-f]+/],
  ];

  test.each(CASES)("%s: altered and missing", async (_, folder, keyOf, shown) => {
    const at = keyOf();
    const store = folder === MASTER ? chain.db.rootArchive()!.rows : rows();
    const value = store.get(at)!;
    const options = { last: 1, shard: [1], checkArchive: true } as const;
    const changed = new DatabaseTwin(FIXTURE).put(folder, at, altered(value)).write();
    expectOne(await checkTwin(changed, options), "altered", folder, shown);
    const without = new DatabaseTwin(FIXTURE).delete(folder, at).write();
    expectOne(await checkTwin(without, options), "missing", folder, shown);
    const unasked = new DatabaseTwin(FIXTURE).delete(folder, at).write();
    expect((await checkTwin(unasked, { last: 1, shard: [1] })).exitCode).toBe(0);
  });

  test("a history that names nothing of its block", async () => {
    const extra = key("index_alltx_", uint32ToBytes(HEIGHT), Uint8Array.of(1), uint32ToBytes(99));
    const twin = new DatabaseTwin(FIXTURE).put(SHARD, extra, new Uint8Array()).write();
    expectOne(
      await checkTwin(twin, { last: 1, shard: [1], checkArchive: true }),
      "altered",
      SHARD,
      /index_alltx_[0-9a-f]+/,
    );
  });

  /** What a reorganisation of several root blocks leaves in both clients: a former chain's count, in all rows from there on. */
  test("counts that go on from another chain's are the client's own, one that its neighbours contradict is not", async () => {
    const twin = () => new DatabaseTwin(FIXTURE);
    const counted = (height: number) => utf8(`count_1_${height}`);
    const more = (height: number) => {
      const row = chain.db.rootArchive()!.rows.get(counted(height))!.slice();
      new DataView(row.buffer).setUint32(20, new DataView(row.buffer).getUint32(20) + 1);
      return row;
    };
    const options = { shard: [1], checkArchive: true } as const;
    const carried = twin();
    for (let height = 10; height <= ROOT_HEIGHT; height++) carried.put(MASTER, counted(height), more(height));
    expect((await checkTwin(carried.write(), options)).exitCode).toBe(0);
    expectOne(
      await checkTwin(twin().put(MASTER, counted(10), more(10)).write(), options),
      "altered",
      MASTER,
      /count_1_10/,
    );
  });

  test("the same is seen of a single root block, whatever stands above it", async () => {
    for (let root = 1; root <= ROOT_HEIGHT; root++) {
      const { exitCode } = await checkInProcess(FIXTURE, { from: root, to: root, checkArchive: true });
      expect([root, exitCode]).toEqual([root, 0]);
    }
  });

  /** As a node leaves it that was started and stopped again: d-checkdb of the recordings is one. */
  test("a client that began anew below its root tip has not indexed the tip's blocks yet, and is not damaged", async () => {
    const heights = chain.roots[ROOT_HEIGHT].block.minorHeaders
      .filter(({ branch }) => branch === 1)
      .map(({ height }) => height);
    const named = (height: number): Uint8Array[] => {
      const consumed = rows().get(key("xd_", chain.minorHash(1, height)))!;
      const deposits = Array.from({ length: (consumed.length - 4) / 32 }, (_, i) =>
        consumed.slice(4 + 32 * i, 36 + 32 * i),
      );
      const hashes = [...chain.minorBlock(1, height).transactions.map((transaction) => transaction.hash), ...deposits];
      const histories = [...rows().entries({ gte: utf8("index_"), lt: utf8("index`") })].map((row) => row.key.slice());
      const at = (history: Uint8Array) => history.subarray(history.length - 9, history.length - 5).join();
      return [
        ...hashes.map((named) => key("txindex_", named)),
        ...histories.filter((history) => at(history) === uint32ToBytes(height).join()),
      ];
    };
    const options = { last: 1, shard: [1], checkArchive: true } as const;
    const begun = new DatabaseTwin(FIXTURE);
    for (const height of heights) {
      for (const row of [utf8(`mi_${height}`), ...named(height)]) begun.delete(SHARD, row);
    }
    expect((await checkTwin(begun.write(), options)).exitCode).toBe(0);
    const without = new DatabaseTwin(FIXTURE);
    for (const height of heights) without.delete(SHARD, utf8(`mi_${height}`));
    expect((await checkTwin(without.write(), options)).exitCode).toBe(4);
  });

  test("a client that counted no blocks is not damaged", async () => {
    const twin = new DatabaseTwin(FIXTURE);
    for (const { key: at } of chain.db.rootArchive()!.rows.entries({})) {
      if (/^(count_|m_r_)/.test(Buffer.from(at).toString("latin1"))) twin.delete(MASTER, at.slice());
    }
    expect((await checkTwin(twin.write(), { shard: [1], checkArchive: true })).exitCode).toBe(0);
  });

  test("a client that kept no history and no lists is not damaged", async () => {
    const twin = new DatabaseTwin(FIXTURE);
    for (const { key: at } of rows().entries({})) {
      if (/^(xr_|xd_|index_|commit_)/.test(Buffer.from(at).toString("latin1"))) twin.delete(SHARD, at.slice());
    }
    expect((await checkTwin(twin.write(), { shard: [1], checkArchive: true })).exitCode).toBe(0);
  });
});

describe("rows of goquarkchain that nothing executes", () => {
  const SHARD = join("S0", "shard-1", "db");
  const ROOT = join("master", "db");
  const CASES = [
    "mn",
    "txC",
    "xd",
    "xr",
    "l",
    "l of a deposit",
    "iaddr",
    "iall",
    "cmB",
    "rLM",
    "rn",
    "l of a minor block",
    "lmh",
    "mhC",
    "mr",
    "cntM",
  ];
  const OF_ROOT = new Set(["rn", "l of a minor block", "lmh", "mhC", "mr", "cntM"]);

  /** Keys by what they are, of a block with a transaction and a deposit. */
  function keysOf(dir: string): { readonly root: number; readonly keys: Readonly<Record<string, Uint8Array>> } {
    const db = openArchive(dir);
    const shard = db.shard(1);
    const roots = db.rootBlocks();
    try {
      for (let height = 100; ; height++) {
        const hash = shard.canonicalHashAt(height)!;
        const { transactions, header } = shard.minorBlock(hash);
        const consumed = shard.rows.get(concatBytes(utf8("xd"), hash))!;
        if (transactions.length === 0 || consumed.length < 36) continue;
        const minors: [root: number, rootHash: Hash32][] = [];
        for (const { value } of rootRowsOf(db)!.entries({ gte: utf8("rn"), lt: utf8("ro") })) {
          if (value.length !== 32) continue;
          const rootHash = asHash32(value.slice());
          const block = roots.rootBlock(rootHash);
          const isConfirming = block.minorHeaders.some((minor) => minor.branch === 1 && minor.height === header.height);
          if (isConfirming) minors.push([block.header.height, rootHash]);
        }
        const [[root, rootHash]] = minors;
        const at = (place: number) => new Uint8Array([0, 0, 0, 0, 0, 0, place >> 8, place & 255]);
        const history = concatBytes(uint32ToBytes(height), Uint8Array.of(1), uint32ToBytes(0));
        const addresses = [...shard.rows.entries({ gte: utf8("iaddr"), lt: utf8("iadds") })].map((row) =>
          row.key.slice(),
        );
        const keys = {
          mn: concatBytes(utf8("mn"), at(height)),
          txC: concatBytes(utf8("txC"), hash),
          xd: concatBytes(utf8("xd"), hash),
          xr: concatBytes(utf8("xr"), hash),
          l: concatBytes(utf8("l"), transactions[0].hash),
          "l of a deposit": concatBytes(utf8("l"), firstHash(consumed)),
          iaddr: addresses.find((address) => Buffer.from(address.subarray(25)).equals(Buffer.from(history)))!,
          iall: concatBytes(utf8("iall"), history),
          cmB: concatBytes(utf8("cmB"), hash),
          rLM: concatBytes(utf8("rLM"), rootHash),
          rn: concatBytes(utf8("rn"), at(root)),
          "l of a minor block": concatBytes(utf8("l"), hash),
          lmh: concatBytes(utf8("lmh"), rootHash),
          mhC: concatBytes(utf8("mhC"), hash),
          mr: concatBytes(utf8("mr"), hash, uint32ToBytes(1)),
          cntM: concatBytes(utf8("cntM"), uint32ToBytes(1), uint32ToBytes(root)),
        };
        return { root, keys };
      }
    } finally {
      db.close();
    }
  }

  test.each(CASES)("%s: altered and missing", async (name) => {
    const { dir, remove } = copy();
    try {
      const { root, keys } = keysOf(dir);
      const key = keys[name];
      const folder = OF_ROOT.has(name) ? ROOT : SHARD;
      const check = () =>
        checkInProcess(dir, { config: GOQKC_CONFIG, shard: [1], from: root, to: root, checkArchive: true });
      const edit = async (change: (store: ClassicLevel<Uint8Array, Uint8Array>) => Promise<void>) => {
        const store = new ClassicLevel<Uint8Array, Uint8Array>(join(dir, folder), {
          keyEncoding: "view",
          valueEncoding: "view",
        });
        await change(store);
        await store.close();
      };
      let value: Uint8Array = new Uint8Array();
      await edit(async (store) => {
        value = (await store.get(key))!;
        await store.put(key, altered(value));
      });
      expectOne(await check(), "altered", ".*", /.*/);
      await edit((store) => store.del(key));
      expectOne(await check(), "missing", ".*", /.*/);
      await edit((store) => store.put(key, value));
      expect((await check()).exitCode).toBe(0);
    } finally {
      remove();
    }
  });

  function copy(): { readonly dir: string; remove(): void } {
    const directory = new GoquarkchainDirectory({ archive: true });
    return { dir: directory.dir, remove: () => directory.remove() };
  }
});
