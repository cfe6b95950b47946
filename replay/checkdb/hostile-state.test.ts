import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import { bytesEqual, type Hash32, hashFromHex, toHex, utf8 } from "../../node/codec/bytes.ts";
import { KECCAK_EMPTY, keccak256 } from "../../node/codec/keccak.ts";
import { ArchivedNodes } from "../../node/el/archived-nodes.ts";
import { readAccount } from "../../node/el/state/read-account.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  childFromReference,
  childOffset,
  decodeStoredNode,
  UNRESOLVED,
} from "../../node/el/trie/trie-node.ts";
import { FIXTURE, FixtureChain, flipByte, flipped } from "./twin-chain.testkit.ts";
import { type CheckAnswer, type CheckOptions, checkInProcess, checkTwin, expectDamage } from "./twin-check.testkit.ts";

let chain: FixtureChain;
beforeAll(() => {
  chain = new FixtureChain();
});
afterAll(() => chain.close());

/** The tip root block alone. */
const TIP: CheckOptions = { last: 1 };

function checkRows(edit: (twin: DatabaseTwin) => void, options: CheckOptions = TIP): Promise<CheckAnswer> {
  const twin = new DatabaseTwin(FIXTURE);
  edit(twin);
  return checkTwin(twin.write(), options);
}

function storedRow(fullShardId: number, key: Uint8Array): Uint8Array {
  const row = chain.db.shard(fullShardId).rows.get(key);
  if (row === undefined) throw new Error(`shard ${fullShardId} has no row ${toHex(key)}`);
  return row.slice();
}

describe("state rows", () => {
  const first = () => chain.tip.block.minorHeaders[0].height;
  /** State that the first block of shard 1 in the range starts from. */
  const parentState = () => chain.minorBlock(1, first() - 1).meta.stateRoot;
  const nodes = () => new ArchivedNodes(chain.db.shard(1).rows, { name: "shard-1.db", cacheBytes: 1 << 20 });

  function childrenOf(hash: Hash32): readonly Hash32[] {
    const node = decodeStoredNode(nodes().get(hash), hash);
    if (node.kind !== BRANCH) throw new Error("the fixture's state is larger than that");
    return Array.from({ length: BRANCH_WIDTH }, (_, i) => childFromReference(node.source, childOffset(node, i)))
      .filter((child) => child?.kind === UNRESOLVED)
      .map(({ hash }: { readonly hash: Hash32 }) => hash);
  }

  /** Node of the parent state on the way to the coinbase of the first block, which is paid at its end. */
  function nodeThatIsRead(): Hash32 {
    const { recipient } = chain.minorBlock(1, first()).header.coinbaseAddress;
    const root = decodeStoredNode(nodes().get(parentState()), parentState());
    if (root.kind !== BRANCH) throw new Error("the fixture's state is larger than that");
    const child = childFromReference(root.source, childOffset(root, keccak256(recipient)[0] >> 4));
    if (child?.kind !== UNRESOLVED) throw new Error("the coinbase is not alone under its nibble");
    return child.hash;
  }

  /** Code of a contract that a block of the range calls. */
  function codeThatIsRun(): Hash32 {
    for (let height = first(); height <= chain.tipHeight(1); height++) {
      for (const { rlp } of chain.minorBlock(1, height).transactions) {
        const { to } = decodeEvmTransaction(rlp);
        if (to === undefined) continue;
        const account = readAccount(nodes(), parentState(), to);
        if (account !== undefined && !bytesEqual(account.codeHash, KECCAK_EMPTY)) return account.codeHash;
      }
    }
    throw new Error("no block of the range calls a contract");
  }

  /** Node that only the last block makes; nothing of the database is executed on it. */
  function nodeThatIsOnlyMade(): Hash32 {
    const [tip, before] = [chain.tipHeight(1), chain.tipHeight(1) - 1].map((height) =>
      childrenOf(chain.minorBlock(1, height).meta.stateRoot).map(toHex),
    );
    const made = tip.find((hash) => !before.includes(hash));
    return hashFromHex(made ?? "");
  }

  const kinds: ReadonlyArray<readonly [string, () => Hash32]> = [
    ["the root of a state", parentState],
    ["a trie node", nodeThatIsRead],
    ["code", codeThatIsRun],
  ];

  test.each(kinds)("%s that is read: altered", async (_, find) => {
    const hash = find();
    const row = storedRow(1, hash);
    const answer = await checkRows((twin) => twin.put("shard-1.db", hash, flipped(row, row.length - 1)));
    expectDamage(answer, /altered row in shard-1.db: the trie node or code stored there does not hash to its key/);
    expect(answer.report?.damage.every(({ key }) => key === toHex(hash))).toBe(true);
  });

  test("a trie node that is read, flipped in its table: its hash tells, or with --verify-checksums all its checksum", async () => {
    const hash = nodeThatIsRead();
    const table = join("shard-1.db", "000009.sst");
    const offset = readFileSync(join(FIXTURE, table)).indexOf(storedRow(1, hash));
    expect(offset).toBeGreaterThan(0);
    const twin = new DatabaseTwin(FIXTURE);
    flipByte(join(twin.dir, table), offset + 40);
    const sentence = /altered row in shard-1.db: the trie node or code stored there does not hash to its key/;
    expectDamage(await checkInProcess(twin.dir, TIP), sentence);
    const all: CheckOptions = { ...TIP, verifyChecksums: "all" };
    expectDamage(await checkTwin(twin, all), /block checksum mismatch \(file .*shard-1.db\/000009.sst, offset \d+\)/);
  });

  test.each(kinds)("%s that is read: missing", async (_, find) => {
    const hash = find();
    const answer = await checkRows((twin) => twin.delete("shard-1.db", hash));
    expectDamage(answer, /missing row in shard-1.db: .*(that the state names is absent|the root node of the state)/);
    expect(answer.report?.damage[0].key).toBe(toHex(hash));
  });

  const nothingReads: ReadonlyArray<readonly [string, () => Hash32, (twin: DatabaseTwin, hash: Hash32) => void]> = [
    ["a node, altered", nodeThatIsOnlyMade, (twin, hash) => twin.put("shard-1.db", hash, utf8("not a node"))],
    ["a node, missing", nodeThatIsOnlyMade, (twin, hash) => twin.delete("shard-1.db", hash)],
    [
      "a state's root, altered",
      () => chain.minorBlock(1, chain.tipHeight(1)).meta.stateRoot,
      (twin, hash) => twin.put("shard-1.db", hash, flipped(storedRow(1, hash))),
    ],
  ];
  test.each(nothingReads)("%s, that execution makes and nothing reads: --check-archive", async (_, find, edit) => {
    const hash = find();
    expect((await checkRows((twin) => edit(twin, hash))).exitCode).toBe(0);
    const answer = await checkRows((twin) => edit(twin, hash), { last: 1, checkArchive: true });
    expectDamage(
      answer,
      /(altered|missing) row in shard-1.db: a trie node or code that this block's execution produced/,
    );
    expect(answer.report?.damage).toMatchObject([{ height: chain.tipHeight(1), key: toHex(hash) }]);
  });

  test("the root of the last state is missed in any case", async () => {
    const { stateRoot } = chain.minorBlock(1, chain.tipHeight(1)).meta;
    const answer = await checkRows((twin) => twin.delete("shard-1.db", stateRoot));
    expectDamage(answer, /missing row in shard-1.db: the root node of the state after this block/);
  });

  test("a node in the middle that memory carries over: seen where a range starts behind it, or with --check-archive", async () => {
    const edit = (twin: DatabaseTwin) => twin.put("shard-1.db", parentState(), utf8("not a node"));
    const whole = { last: 2, check_db_rblock_batch: 2 };
    expect((await checkRows(edit, whole)).exitCode).toBe(0);
    expectDamage(await checkRows(edit, { ...whole, check_db_rblock_batch: 1 }), /altered row in shard-1.db/);
    expectDamage(await checkRows(edit, { ...whole, checkArchive: true }), /altered row in shard-1.db/);
  });
});
