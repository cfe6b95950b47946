import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { heightKey, PREFIX, prefixedKey, ROOT_TIP_KEY } from "../../node/archive/pyquarkchain/keys.ts";
import { openRocksDb } from "../../node/archive/sstable/rocksdb-store.ts";
import { type CrossShardDeposit, encodeDepositList } from "../../node/chain/deposit.ts";
import { encodeMinorBlock, type MinorBlock } from "../../node/chain/minor-block.ts";
import { encodeRootBlock } from "../../node/chain/root-block.ts";
import { bytesEqual, type Hash32, toHex, uint32ToBytes, utf8, ZERO_HASH } from "../../node/codec/bytes.ts";
import { FIXTURE, FixtureChain, type Forgery, flipped, MASTER, shardFolder, withMeta } from "./twin-chain.testkit.ts";
import { type CheckAnswer, type CheckOptions, checkTwin, divergencesOf, expectDamage } from "./twin-check.testkit.ts";
import { type BlockExport, exportedRows, type RootExport } from "./twin-exports.testkit.ts";

let chain: FixtureChain;
beforeAll(() => {
  chain = new FixtureChain();
});
afterAll(() => chain.close());

/** The tip root block alone. */
const TIP: CheckOptions = { last: 1 };

function checkForged(forgery: Forgery, options: CheckOptions = TIP): Promise<CheckAnswer> {
  return checkTwin(chain.forge(forgery), options);
}

function checkRows(edit: (twin: DatabaseTwin) => void, options: CheckOptions = TIP): Promise<CheckAnswer> {
  const twin = new DatabaseTwin(FIXTURE);
  edit(twin);
  return checkTwin(twin.write(), options);
}

const minorKey = (fullShardId: number, height: number) =>
  prefixedKey(PREFIX.minorBlock, chain.minorHash(fullShardId, height));
const rootKey = (height: number) => prefixedKey(PREFIX.rootBlock, chain.roots[height].hash);
const listKey = (fullShardId: number, height: number) =>
  prefixedKey(PREFIX.receivedDeposits, chain.minorHash(fullShardId, height));

function storedRow(fullShardId: number, key: Uint8Array): Uint8Array {
  const row = chain.db.shard(fullShardId).rows.get(key);
  if (row === undefined) throw new Error(`shard ${fullShardId} has no row ${toHex(key)}`);
  return row.slice();
}

describe("altered rows", () => {
  const header = "the minor block stored there does not hash to its key";

  test("the header of a minor block", async () => {
    const key = minorKey(1, 53);
    const answer = await checkRows((twin) => twin.put("shard-1.db", key, flipped(storedRow(1, key), 20)));
    expectDamage(answer, new RegExp(`altered row in shard-1.db: ${header} \\(key mblock_`));
    expect(answer.report?.damage).toMatchObject([{ fullShardId: 1, height: 53, rootHeight: 18 }]);
  });

  test("a minor block's seal: a nonce that its hash does not know", async () => {
    const key = minorKey(65539, 53);
    const row = storedRow(65539, key);
    const nonce = 4 + 4 + 8 + 24 + 4 + 2 + 32 + 32 + 32 + 32 + 8 + 5 + 7;
    const answer = await checkRows((twin) => twin.put("shard-65539.db", key, flipped(row, nonce + 5)));
    expectDamage(answer, new RegExp(header));
  });

  test("another block under a block's key", async () => {
    const answer = await checkRows((twin) => twin.put("shard-1.db", minorKey(1, 53), storedRow(1, minorKey(1, 52))));
    expectDamage(answer, new RegExp(header));
  });

  test("a transaction of a minor block", async () => {
    const key = minorKey(1, 53);
    const row = storedRow(1, key);
    const answer = await checkRows((twin) => twin.put("shard-1.db", key, flipped(row, row.length - 100)));
    expect(answer.exitCode).toBe(2);
    expect(divergencesOf(answer)["1/53"]).toMatchObject({ fields: expect.arrayContaining(["merkleRoot"]) });
  });

  test("the meta of a minor block", async () => {
    const block = chain.minorBlock(1, 53);
    const row = encodeMinorBlock({ ...block, meta: { ...block.meta, gasUsed: block.meta.gasUsed + 1n } });
    const answer = await checkRows((twin) => twin.put("shard-1.db", minorKey(1, 53), row));
    expect(answer.exitCode).toBe(2);
    expect(divergencesOf(answer)).toEqual({
      "1/53": { fields: ["metaHash", "gasUsed"], rules: ["META_HASH_MISMATCH"] },
    });
  });

  test.each([0, 1, 300, 700])("a minor block cut off after %i bytes", async (length) => {
    const key = minorKey(1, 53);
    const answer = await checkRows((twin) => twin.put("shard-1.db", key, storedRow(1, key).subarray(0, length)));
    expectDamage(answer, /altered row in shard-1.db: .* only \d+ left \(key mblock_/);
  });

  test("the header of a root block", async () => {
    const row = encodeRootBlock(chain.tip.block);
    const sentence = /altered row in master.db: the root block stored there does not hash to its key \(key rblock_/;
    expectDamage(await checkRows((twin) => twin.put(MASTER, rootKey(18), flipped(row, 10))), sentence);
    const below = encodeRootBlock(chain.roots[17].block);
    expectDamage(await checkRows((twin) => twin.put(MASTER, rootKey(17), flipped(below, 10))), sentence);
  });

  test("the minor headers of a root block", async () => {
    const row = encodeRootBlock(chain.tip.block);
    const answer = await checkRows((twin) => twin.put(MASTER, rootKey(18), flipped(row, row.length - 50)));
    expect(answer.exitCode).toBe(2);
    expect(divergencesOf(answer)["root/18"]).toEqual({ fields: ["merkleRoot"], rules: ["MERKLE_ROOT_MISMATCH"] });
    expect(answer.report?.damage[0].message).toMatch(/missing row in shard-131073.db: minor block 64/);
  });

  test.each([
    ["short", new Uint8Array(31), /altered row in master.db: a hash has 32 bytes, got 31 \(key tipHash\)/],
    ["of no block", ZERO_HASH, /missing row in master.db: root block not found \(key rblock_0000/],
    ["empty", new Uint8Array(0), /names no root tip: .* \(key tipHash\)/],
  ])("a tip hash %s", async (_, hash, sentence) => {
    expectDamage(await checkRows((twin) => twin.put(MASTER, ROOT_TIP_KEY, hash)), sentence);
  });

  describe("a list of what 131073/63 sent to 65539", () => {
    const list = (): readonly CrossShardDeposit[] =>
      chain.db.shard(65539).depositList(chain.minorHash(131073, 63))?.deposits ?? [];

    test.each<readonly [string, number, () => readonly CrossShardDeposit[]]>([
      ["with another value", 65539, () => list().map((deposit) => ({ ...deposit, value: deposit.value + 1n }))],
      ["with other data", 65539, () => list().map((deposit) => ({ ...deposit, messageData: Uint8Array.of(1) }))],
      ["with a deposit too few", 65539, () => []],
      ["with a deposit too many", 65539, () => [...list(), ...list()]],
      ["in the wrong shard", 1, list],
    ])("%s", async (_, fullShardId, deposits) => {
      expect(list()).toHaveLength(1);
      const row = encodeDepositList(deposits());
      const answer = await checkRows((twin) => twin.put(shardFolder(fullShardId), listKey(131073, 63), row));
      expect(answer.exitCode).toBe(2);
      expect(divergencesOf(answer)).toEqual({ "131073/63": { fields: ["xshardSends"], rules: [] } });
      expect(answer.report?.divergences[0].fields[0].declared).toContain(`to ${fullShardId}: `);
    });

    test.each<readonly [string, (row: Uint8Array) => Uint8Array]>([
      ["cut off", (row) => row.subarray(0, 50)],
      ["empty", () => new Uint8Array(0)],
      ["of an unknown version", (row) => flipped(row, row.length - 2)],
    ])("%s", async (_, change) => {
      const row = change(encodeDepositList(list()));
      const answer = await checkRows((twin) => twin.put("shard-65539.db", listKey(131073, 63), row));
      expectDamage(answer, /altered row in shard-65539.db: .*deposit list.* \(key xShard_/);
    });
  });

  test("a list that a later block consumes: the sender is named, and who consumed it", async () => {
    const key = listKey(131073, 60);
    const [deposit] = chain.db.shard(1).depositList(chain.minorHash(131073, 60))?.deposits ?? [];
    const row = encodeDepositList([{ ...deposit, value: deposit.value + 1n }]);
    const answer = await checkRows((twin) => twin.put("shard-1.db", key, row), { last: 2 });
    const { "131073/60": sender, ...others } = divergencesOf(answer);
    expect(sender).toEqual({ fields: ["xshardSends"], rules: [] });
    expect(Object.keys(others)).toHaveLength(1);
    expect(Object.values(others)[0].fields).toContain("stateRoot");
    expect(Object.keys(others)[0]).toMatch(/^1\//);
  });
});

describe("genesis blocks", () => {
  const indexKey = heightKey(PREFIX.minorHeightIndex, 0);

  test("altered, missing, and without the index that names them", async () => {
    const key = minorKey(1, 0);
    const altered = await checkRows((twin) => twin.put("shard-1.db", key, flipped(storedRow(1, key), 10)), { to: 1 });
    expectDamage(altered, /altered row in shard-1.db: the minor block stored there does not hash to its key/);
    const missing = await checkRows((twin) => twin.delete("shard-1.db", key), { to: 1 });
    expectDamage(missing, /missing row in shard-1.db: minor block not found/);
    const both = await checkRows((twin) => twin.delete("shard-1.db", key).delete("shard-1.db", indexKey), { to: 1 });
    expectDamage(both, /missing row in shard-1.db: minor block 0, which this root block confirms, not found/);
    expect((await checkRows((twin) => twin.delete("shard-1.db", indexKey), { to: 1 })).exitCode).toBe(0);
  });

  test.each([
    ["missing", (twin: DatabaseTwin, hash: Hash32) => twin.delete("shard-1.db", hash)],
    ["altered", (twin: DatabaseTwin, hash: Hash32) => twin.put("shard-1.db", hash, utf8("not a node"))],
  ])("the root of their state %s", async (kind, edit) => {
    const { stateRoot } = chain.minorBlock(1, 0).meta;
    expectDamage(
      await checkRows((twin) => edit(twin, stateRoot), { to: 1 }),
      new RegExp(`${kind} row in shard-1.db: `),
    );
  });

  test("another one than the configuration makes, where no index says which", async () => {
    const change = (block: MinorBlock) => withMeta(block, { stateRoot: flipped(block.meta.stateRoot) });
    const rows = (twin: DatabaseTwin) => twin.delete("shard-1.db", indexKey);
    const answer = await checkForged({ minor: { fullShardId: 1, height: 0, change }, rows }, { to: 1 });
    expect(divergencesOf(answer)).toEqual({ "1/0": { fields: ["stateRoot", "headerHash"], rules: [] } });
    expect(answer.report?.damage).toEqual([]);
    const named = await checkForged({ minor: { fullShardId: 1, height: 0, change } }, { to: 1 });
    expect(named.text).toMatch(/is not this database's configuration: its genesis block of shard 1 is/);
    expect(named.exitCode).toBe(1);
  });
});

describe("blocks that no root block confirms yet", () => {
  const below = (): CheckOptions => ({ last: 1, unconfirmed: true });
  const atParent = (twin: DatabaseTwin) => twin.put(MASTER, ROOT_TIP_KEY, chain.roots[17].hash);
  const indexKey = heightKey(PREFIX.minorHeightIndex, 52);

  test("are checked on demand", async () => {
    expect((await checkRows(atParent)).report?.totals.minorBlocks).toBe(14);
    const answer = await checkRows(atParent, below());
    expect(answer.exitCode).toBe(0);
    expect(answer.report?.totals.minorBlocks).toBe(14 + 13);
  });

  test("a lie", async () => {
    const change = (block: MinorBlock) => withMeta(block, { gasUsed: 1n });
    const answer = await checkForged({ minor: { fullShardId: 1, height: 53, change }, rows: atParent }, below());
    expect(answer.report?.divergences).toMatchObject([
      { height: 53, rootHeight: null, fields: [{ field: "gasUsed" }] },
    ]);
    expect(answer.exitCode).toBe(2);
  });

  test.each([
    ["names another block", () => chain.minorHash(1, 51), /height index names a block at 52 that does not follow/],
    ["names no block", () => ZERO_HASH, /missing row in shard-1.db: minor block not found/],
    ["holds no hash", () => new Uint8Array(5), /altered row in shard-1.db: a hash has 32 bytes, got 5 \(key mi_52\)/],
  ])("an index that %s", async (_, value, sentence) => {
    const answer = await checkRows((twin) => atParent(twin).put("shard-1.db", indexKey, value()), below());
    expectDamage(answer, sentence);
  });
});

describe("missing rows", () => {
  test("a minor block, checked or not", async () => {
    const remove = (twin: DatabaseTwin) => twin.delete("shard-1.db", minorKey(1, 53));
    expectDamage(await checkRows(remove), /missing row in shard-1.db: minor block not found \(key mblock_3478/);
    const others = await checkRows(remove, { last: 1, shard: [65538] });
    expectDamage(others, /missing row in shard-1.db: minor block 53, which this root block confirms, not found/);
    expect(others.text).toContain("root block 18: missing row");
  });

  test("the parent of the first block of a range, and the state it leaves", async () => {
    const start = chain.tip.block.minorHeaders.find(({ branch }) => branch === 65538)?.height ?? 0;
    const parent = chain.minorBlock(65538, start - 1);
    const block = await checkRows((twin) => twin.delete("shard-65538.db", minorKey(65538, start - 1)));
    expectDamage(block, /missing row in shard-65538.db: minor block not found/);
    expect(block.report?.damage[0]).toMatchObject({ fullShardId: 65538, height: start });
    const state = await checkRows((twin) => twin.delete("shard-65538.db", parent.meta.stateRoot));
    expectDamage(state, /missing row in shard-65538.db: the root node of the state after block 61/);
    expect(state.report?.damage).toMatchObject([{ height: start, key: toHex(parent.meta.stateRoot) }]);
  });

  test("a root block: the tip, one below it, one far below", async () => {
    const sentence = /missing row in master.db: root block not found \(key rblock_/;
    for (const height of [18, 17]) {
      expectDamage(await checkRows((twin) => twin.delete(MASTER, rootKey(height))), sentence);
    }
    expectDamage(await checkRows((twin) => twin.delete(MASTER, rootKey(3)), {}), sentence);
  });

  test("the tip hash", async () => {
    const answer = await checkRows((twin) => twin.delete(MASTER, ROOT_TIP_KEY));
    expectDamage(answer, /names no root tip: a node never ran on it, or master.db is incomplete \(key tipHash\)/);
    const named = { last: 1, rootTip: toHex(chain.tip.hash) };
    expect((await checkRows((twin) => twin.delete(MASTER, ROOT_TIP_KEY), named)).exitCode).toBe(0);
  });

  test("a list of deposits, sent or due", async () => {
    const sent = await checkRows((twin) => twin.delete("shard-65539.db", listKey(131073, 63)));
    expectDamage(sent, /missing row in shard-65539.db: it has no list of what block [0-9a-f]{64} of shard 131073 sent/);
    const due = await checkRows((twin) => twin.delete("shard-1.db", listKey(131073, 60)));
    expectDamage(due, /missing row in shard 1: no deposit list from minor block [0-9a-f]{64} of shard 131073/);
  });
});

describe("rows that nothing reads", () => {
  /** Keys that the check has a use for: canonical blocks, lists of deposits, the tip, genesis hints, state rows. */
  function isRead(key: Uint8Array): boolean {
    const hints = [ROOT_TIP_KEY, heightKey(PREFIX.rootHeightIndex, 0), heightKey(PREFIX.minorHeightIndex, 0)];
    if (hints.some((hint) => bytesEqual(hint, key))) return true;
    const text = Buffer.from(key).toString("latin1");
    const suffix = (prefix: Uint8Array) => toHex(key.subarray(prefix.length));
    if (text.startsWith("rblock_")) return canonical.roots.has(suffix(PREFIX.rootBlock));
    if (text.startsWith("mblock_")) return canonical.minors.has(suffix(PREFIX.minorBlock));
    if (text.startsWith("xShard_")) return canonical.minors.has(suffix(PREFIX.receivedDeposits));
    return key.length === 32;
  }
  const canonical = {
    roots: new Set(exportedRows<RootExport>("roots").flatMap(({ canonical, hash }) => (canonical ? [hash] : []))),
    minors: new Set(exportedRows<BlockExport>("blocks").flatMap(({ canonical, hash }) => (canonical ? [hash] : []))),
  };

  test.each([
    ["garbage", (twin: DatabaseTwin, folder: string, key: Uint8Array) => twin.put(folder, key, uint32ToBytes(0xdead))],
    ["gone", (twin: DatabaseTwin, folder: string, key: Uint8Array) => twin.delete(folder, key)],
  ])("side blocks, abandoned root forks, every index: %s, and still clean", async (_, edit) => {
    const kinds = new Set<string>();
    const answer = await checkRows((twin) => {
      for (const folder of [MASTER, ...chain.shardIds.map(shardFolder)]) {
        const rows = openRocksDb(join(FIXTURE, folder));
        for (const { key } of rows.entries()) {
          if (isRead(key)) continue;
          kinds.add(
            `${folder === MASTER ? "root" : "shard"} ${/^[a-zA-Z_]+_/.exec(Buffer.from(key).toString("latin1"))?.[0]}`,
          );
          edit(twin, folder, key);
        }
        rows.close();
      }
    }, {});
    expect(answer.report?.damage).toEqual([]);
    expect(answer.exitCode).toBe(0);
    expect([...kinds].sort()).toMatchInlineSnapshot(`
      [
        "root count_",
        "root lastlist_",
        "root m_r_",
        "root m_r__",
        "root mheader_",
        "root mheader__",
        "root rblock_",
        "root ri_",
        "shard commit_",
        "shard commit__",
        "shard genesis_",
        "shard index_addr_",
        "shard index_addr__",
        "shard index_alltx_",
        "shard mblock_",
        "shard mi_",
        "shard r_last_",
        "shard rblock_",
        "shard tx_count_",
        "shard tx_count__",
        "shard txindex_",
        "shard txindex__",
        "shard txindex_b_",
        "shard xShard_",
        "shard xd_",
        "shard xd__",
        "shard xr_",
        "shard xr__",
      ]
    `);
  });

  test("tracking data, which no hash covers", async () => {
    const row = encodeMinorBlock({ ...chain.minorBlock(1, 53), trackingData: utf8("seen by nobody") });
    expect((await checkRows((twin) => twin.put("shard-1.db", minorKey(1, 53), row))).exitCode).toBe(0);
  });

  test("root blocks below what the range needs", async () => {
    expect((await checkRows((twin) => twin.delete(MASTER, rootKey(1)))).exitCode).toBe(0);
  });

  test("a shard's own copies of root blocks, while master.db has them", async () => {
    expect((await checkRows((twin) => twin.delete("shard-1.db", rootKey(17)))).exitCode).toBe(0);
  });
});
