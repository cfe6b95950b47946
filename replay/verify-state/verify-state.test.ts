import { RLP } from "@ethereumjs/rlp";
import { beforeAll, describe, expect, test } from "vitest";
import { openPyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { bytesToBigInt, EMPTY_BYTES, fromHex, type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../node/codec/keccak.ts";
import { ArchivedNodes } from "../../node/el/archived-nodes.ts";
import { trieLeaves } from "../../node/el/trie/trie-leaves.ts";
import { databaseDigest, exported, SMALL, SMALL_SHARDS } from "../database/small-fixture.testkit.ts";
import { visitTrie } from "../database/visit-trie.ts";
import { colorsFor } from "../text/colors.ts";
import { tokenTrieKey } from "../text/token-names.ts";
import { type BuiltProject, buildProject } from "../work/built-project.testkit.ts";
import { stateJson, stateText } from "./state-answer.ts";
import { StateWalk } from "./state-walk.ts";
import { type VerifiedState, verifyState } from "./verify-state.ts";
import { WalkProgress } from "./walk-progress.ts";

interface AccountExport {
  readonly branch: number;
  readonly rlp: string;
}

interface Options {
  readonly db?: string;
  readonly height?: number;
  readonly workers?: number;
  readonly workerFile?: URL;
}

async function verified(fullShardId: number, options: Options = {}): Promise<VerifiedState> {
  const { db = SMALL, height, workers = 1, workerFile } = options;
  const tools = { progress: new WalkProgress(), onParts: () => {}, workerFile };
  return (await verifyState({ db, fullShardId, height, workers }, tools))!;
}

/** What the state's accounts come to by another decoder. */
function totalsOfExport(fullShardId: number, nodes: ArchivedNodes) {
  const rows = exported<AccountExport>("accounts").filter(({ branch }) => branch === fullShardId);
  const supply = new Map<string, bigint>();
  const add = (key: string, amount: bigint) => supply.set(key, (supply.get(key) ?? 0n) + amount);
  const codes = new Set<string>();
  const storageRoots: Hash32[] = [];
  let contracts = 0;
  for (const { rlp } of rows) {
    const [, tokens, storageRoot, codeHash] = RLP.decode(fromHex(rlp)) as Uint8Array[];
    if (tokens[0] === 1) {
      for (const { key, value } of trieLeaves(nodes, tokens.subarray(1) as Hash32)) {
        add(toHex(key), bytesToBigInt(RLP.decode(value) as Uint8Array));
      }
    } else if (tokens.length > 0) {
      for (const [id, amount] of RLP.decode(tokens.subarray(1)) as unknown as Uint8Array[][]) {
        add(tokenTrieKey(bytesToBigInt(id)), bytesToBigInt(amount));
      }
    }
    if (toHex(storageRoot) !== toHex(EMPTY_TRIE_ROOT)) storageRoots.push(hashFromHex(toHex(storageRoot)));
    if (toHex(codeHash) === toHex(KECCAK_EMPTY)) continue;
    contracts++;
    codes.add(toHex(codeHash));
  }
  return { accounts: rows.length, contracts, codes, supply, storageRoots };
}

describe("a whole state", () => {
  test.each(SMALL_SHARDS)("shard %i gives what pyquarkchain exported", async (fullShardId) => {
    const before = databaseDigest(SMALL);
    const state = await verified(fullShardId);
    const { totals } = state;
    const source = openPyquarkchainDatabase(SMALL);
    const nodes = new ArchivedNodes(source.shard(fullShardId).rows, { name: "test", cacheBytes: 1 << 20 });
    const expected = totalsOfExport(fullShardId, nodes);
    expect(totals.faults).toEqual([]);
    expect([totals.accounts, totals.contracts]).toEqual([expected.accounts, expected.contracts]);
    expect([...totals.codes.keys()].sort()).toEqual([...expected.codes].sort());
    const supply = new Map([...totals.hashedSupply].map(([key, { amount }]) => [key, amount]));
    for (const [id, { amount }] of totals.supply) {
      const key = tokenTrieKey(id);
      supply.set(key, (supply.get(key) ?? 0n) + amount);
    }
    expect(supply).toEqual(expected.supply);
    let slots = 0;
    for (const root of expected.storageRoots) for (const _ of trieLeaves(nodes, root)) slots++;
    source.close();
    expect(totals.storageSlots).toBe(slots);
    expect(databaseDigest(SMALL)).toBe(before);
  });

  test("at a height, and what is printed", async () => {
    const state = await verified(1, { height: 0 });
    const json = stateJson(state, []);
    expect(json).toMatchObject({ verdict: "whole", height: 0, fullShardId: 1, faultCount: 0 });
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    const text = stateText(state, [], colorsFor(false, {}));
    expect(text).toMatch(/^whole: every node/);
    expect(text).toMatch(/QKC +[\d,]+ +\d+/);
  });

  test("a height and a shard that are not there", async () => {
    await expect(verified(1, { height: 5310 })).rejects.toThrow("height 5,310 not found; tip is 53");
    await expect(verified(7)).rejects.toThrow(/no shard 7 \(0x7\); it has 1 \(0x1\), 65538/);
  });
});

describe("in threads", () => {
  let built: BuiltProject;
  beforeAll(() => {
    built = buildProject();
  }, 120_000);

  test("gives the same", async () => {
    const workerFile = built.file("replay/verify-state/walk-worker.ts");
    const alone = await verified(65538);
    const together = await verified(65538, { workers: 2, workerFile });
    expect({ ...together, seconds: 0 }).toEqual({ ...alone, seconds: 0 });
  });
});

describe("a damaged state", () => {
  const folder = "shard-1.db";

  /** Hashes of the rows that a state is made of, by what they are. */
  function rowsOf(fullShardId: number) {
    const source = openPyquarkchainDatabase(SMALL);
    const shard = source.shard(fullShardId);
    const stateRoot = shard.minorBlock(shard.canonicalHashAt(53)!).meta.stateRoot;
    const nodes: { hash: Hash32; path: string }[] = [];
    const accounts: { key: string; fields: Uint8Array[] }[] = [];
    visitTrie(shard.rows, stateRoot, "", {
      skip: (hash, path) => {
        nodes.push({ hash, path });
        return false;
      },
      node: () => {},
      leaf: (key, value) => accounts.push({ key, fields: RLP.decode(value) as Uint8Array[] }),
      fault: () => {},
    });
    const { fields: contract, key } = accounts.find(
      ({ fields }) => toHex(fields[2]) !== toHex(EMPTY_TRIE_ROOT) && toHex(fields[3]) !== toHex(KECCAK_EMPTY),
    )!;
    const others = nodes.filter(({ path }) => path.length === 1 && !key.startsWith(path));
    const value = (hash: Uint8Array) => shard.rows.get(hash)!.slice();
    const answer = { stateRoot, others, storageRoot: contract[2] as Hash32, code: contract[3] as Hash32, value };
    return { ...answer, close: () => source.close() };
  }

  test("every fault is found, not only the first", async () => {
    const rows = rowsOf(1);
    const whole = await verified(1);
    const [missing, altered] = rows.others;
    const bytes = rows.value(altered.hash);
    bytes[bytes.length - 1] ^= 1;
    const twin = new DatabaseTwin(SMALL)
      .delete(folder, missing.hash)
      .put(folder, altered.hash, bytes)
      .put(folder, rows.code, EMPTY_BYTES)
      .delete(folder, rows.storageRoot)
      .write();
    rows.close();
    try {
      const { totals } = await verified(1, { db: twin.dir });
      const found = totals.faults.map(({ kind, part, hash }) => [kind, part, hash]);
      expect(found).toContainEqual(["missing", "state node", toHex(missing.hash)]);
      expect(found).toContainEqual(["altered", "state node", toHex(altered.hash)]);
      expect(found).toContainEqual(["altered", "code", toHex(rows.code)]);
      expect(found).toContainEqual(["missing", "storage node", toHex(rows.storageRoot)]);
      expect(totals.faultCount).toBe(totals.faults.length);
      expect(totals.accounts).toBeLessThan(whole.totals.accounts);
      expect(totals.accounts).toBeGreaterThan(0);
    } finally {
      twin.remove();
    }
  });

  test("without its root nothing is counted", async () => {
    const rows = rowsOf(1);
    const twin = new DatabaseTwin(SMALL).delete(folder, rows.stateRoot).write();
    rows.close();
    try {
      const state = await verified(1, { db: twin.dir });
      expect(state.totals).toMatchObject({ accounts: 0, faultCount: 1 });
      expect(stateText(state, [], colorsFor(false, {}))).toMatch(
        /^damaged: 1 rows[\s\S]*missing state node \w+ at the root/,
      );
    } finally {
      twin.remove();
    }
  });
});

test("a walk that is stopped ends", async () => {
  const progress = new WalkProgress();
  progress.stop();
  const tools = { progress, onParts: () => {}, workerFile: undefined };
  await expect(verifyState({ db: SMALL, fullShardId: 1, height: 5, workers: 1 }, tools)).resolves.toBeUndefined();
});

test("the parts of a state hang at the depth they are asked for", () => {
  const source = openPyquarkchainDatabase(SMALL);
  const shard = source.shard(1);
  const { stateRoot } = shard.minorBlock(shard.canonicalHashAt(53)!).meta;
  const depths = new StateWalk(shard.rows).split(stateRoot, 1).map(({ path }) => path.length);
  source.close();
  expect(depths.length).toBeGreaterThan(8);
  expect(new Set(depths)).toEqual(new Set([1]));
});
