import { RLP } from "@ethereumjs/rlp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { openPyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { bytesToBigInt, fromHex, toHex, utf8 } from "../../node/codec/bytes.ts";
import { KECCAK_EMPTY, keccak256 } from "../../node/codec/keccak.ts";
import { databaseDigest, exported, SMALL, SMALL_SHARDS } from "../database/small-fixture.testkit.ts";
import { disassemble, disassemblyText } from "../text/disassemble.ts";
import { tokenName } from "../text/token-names.ts";
import { type InspectRequest, inspect, inspectRaw, openInspected, viewOf } from "./inspect.ts";
import type { InspectSubject } from "./subjects.ts";

const before = databaseDigest(SMALL);
afterAll(() => expect(databaseDigest(SMALL)).toBe(before));

function request(subject: InspectSubject, references: readonly string[], options: Partial<InspectRequest> = {}) {
  const plain = {
    db: SMALL,
    configPath: undefined,
    at: undefined,
    withCode: false,
    tokens: [],
    json: true,
    raw: false,
  };
  return { ...plain, subject, references, ...options };
}

/** The fixture, opened once for all that is looked at in it. */
const small = openInspected(request("root", []));
afterAll(() => small.source.close());

/** What --json prints, as a program would read it. */
function seen(subject: InspectSubject, references: readonly string[], options: Partial<InspectRequest> = {}) {
  const asked = request(subject, references, options);
  const isSmall = asked.db === SMALL && asked.configPath === undefined && asked.tokens.length === 0;
  const { json, text } = isSmall ? viewOf(small, asked) : inspect(asked);
  expect(text.every((part) => part !== "" && !part.includes("undefined"))).toBe(true);
  return JSON.parse(JSON.stringify(json));
}

interface BlockExport {
  readonly branch: number;
  readonly height: number;
  readonly hash: string;
  readonly canonical: boolean;
  readonly receipts?: readonly (readonly [number, number, number, string])[];
  readonly txCount: number;
  readonly gasLimit: number;
  readonly xshardGasLimit: number;
  readonly gasUsed: number;
  readonly xshardGasUsed: number;
  readonly bloomKeccak: string;
  readonly [field: string]: unknown;
}

/** Fields that both have, spelled alike. */
const SHARED_FIELDS = [
  ...["branch", "height", "hash", "prevMinor", "prevRoot", "time", "difficulty", "coinbase", "coinbaseAmounts"],
  ...["txRoot", "stateRoot", "receiptRoot", "metaHash", "cursor", "canonical"],
];

function pick(from: Readonly<Record<string, unknown>>, fields: readonly string[]) {
  return Object.fromEntries(fields.map((field) => [field, from[field]]));
}

const blocks = exported<BlockExport>("blocks");

describe("equals what pyquarkchain exported", () => {
  test.each(SMALL_SHARDS)("blocks of shard %i, side chains included", (shard) => {
    for (const block of blocks.filter(({ branch }) => branch === shard)) {
      const found = seen("minor", [block.hash]);
      expect(pick(found, SHARED_FIELDS)).toEqual(pick(block, SHARED_FIELDS));
      expect(found.gasLimit).toBe(`${block.gasLimit}`);
      expect(found.xshardGasLimit).toBe(`${block.xshardGasLimit}`);
      expect(found.gasUsed).toBe(`${block.gasUsed}`);
      expect(found.xshardGasUsed).toBe(`${block.xshardGasUsed}`);
      expect(toHex(keccak256(fromHex(found.bloom)))).toBe(block.bloomKeccak);
      expect(found.transactions).toHaveLength(block.txCount);
      expect(found.stateStored).toBe(true);
      if (block.canonical) expect(seen("minor", [`${shard}:${block.height}`])).toEqual(found);
    }
  });

  test("root blocks, forks included", () => {
    const fields = [
      ...["height", "hash", "prev", "time", "difficulty", "totalDifficulty", "coinbase", "coinbaseAmounts"],
      ...["merkleRoot", "signed", "minor", "canonical"],
    ];
    for (const root of exported<Record<string, unknown>>("roots")) {
      const found = seen("root", [`${root.hash}`]);
      expect(pick(found, fields)).toEqual(pick(root, fields));
      if (root.canonical) expect(seen("root", [`${root.height}`])).toEqual(found);
    }
    expect(seen("root", ["tip"]).height).toBe(18);
  });

  test("transactions and their receipts", () => {
    const canonical = new Set(blocks.filter((block) => block.canonical).map(({ hash }) => hash));
    const txs = exported<
      Record<"hash" | "block", string> & Record<"branch" | "height" | "index" | "ok" | "gas" | "logs", number>
    >("txs");
    let looked = 0;
    for (const tx of txs.filter(({ block }, i) => canonical.has(block) && i % 3 === 0)) {
      const { hash, branch, height, block, index } = tx;
      const place = { hash, branch, height, block, index };
      expect(seen("tx", [hash])).toMatchObject(place);
      const receipt = seen("receipt", [hash]);
      expect(receipt).toMatchObject({ ...place, of: "transaction", success: tx.ok === 1, gasUsed: `${tx.gas}` });
      expect(receipt.logs).toHaveLength(tx.logs);
      looked++;
    }
    expect(looked).toBeGreaterThan(200);
  });

  test("all receipts of a block, deposits included", () => {
    let deposits = 0;
    for (const block of blocks.filter(({ receipts }, i) => (receipts?.length ?? 0) > 0 && i % 4 === 0)) {
      for (const [index, [ok, cumulative, logs, contract]] of (block.receipts ?? []).entries()) {
        const receipt = seen("receipt", [`${block.hash}:${index}`]);
        expect(receipt).toMatchObject({ success: ok === 1, cumulativeGasUsed: `${cumulative}` });
        expect([receipt.logs.length, receipt.contractAddress ?? ""]).toEqual([logs, contract]);
        if (receipt.of === "deposit") {
          deposits++;
          expect(seen("deposits", [block.hash]).consumed).toContain(receipt.hash);
        }
      }
    }
    expect(deposits).toBeGreaterThan(30);
  });

  test("accounts: nonce, key, storage root, code, tokens", () => {
    for (const { branch, address, rlp } of exported<{ branch: number; address: string; rlp: string }>("accounts")) {
      const [nonce, tokens, storageRoot, codeHash, key] = RLP.decode(fromHex(rlp)) as Uint8Array[];
      const { accounts } = seen("account", [address], { at: `${branch}`, withCode: true });
      const [account] = accounts;
      expect(account).toMatchObject({
        fullShardId: branch,
        address,
        nonce: `${bytesToBigInt(nonce)}`,
        fullShardKey: `0x${toHex(key)}`,
        storageRoot: toHex(storageRoot),
        codeHash: toHex(codeHash),
      });
      if (toHex(codeHash) === toHex(KECCAK_EMPTY)) expect(account.codeLength).toBe(0);
      else expect(toHex(keccak256(fromHex(account.code)))).toBe(toHex(codeHash));
      if (tokens[0] !== 0) continue;
      const expected = (RLP.decode(tokens.subarray(1)) as unknown as Uint8Array[][]).map(([id, amount]) => ({
        tokenId: `${bytesToBigInt(id)}`,
        name: tokenName(bytesToBigInt(id)),
        amount: `${bytesToBigInt(amount)}`,
      }));
      expect(account.balances).toEqual(expected);
    }
  });
});

describe("what no export has", () => {
  test("an account of all shards, and one of a token trie", () => {
    const rows = exported<{ branch: number; address: string; rlp: string }>("accounts");
    const inTrie = rows.find(({ rlp }) => (RLP.decode(fromHex(rlp)) as Uint8Array[])[1][0] === 1)!;
    const at = `${inTrie.branch}`;
    const [account] = seen("account", [inTrie.address], { at }).accounts;
    expect(account.balances.length).toBeGreaterThan(16);
    const unnamed = account.balances.filter(({ tokenId }: { tokenId: string | null }) => tokenId === null);
    const named = account.balances.filter(({ tokenId }: { tokenId: string | null }) => tokenId !== null);
    expect(named.map(({ name }: { name: string }) => name)).toContain("QKC");
    expect(unnamed.every(({ name }: { name: string }) => name.startsWith("unnamed token (keccak "))).toBe(true);
    const everywhere = seen("account", [inTrie.address]).accounts.map(
      ({ fullShardId }: { fullShardId: number }) => fullShardId,
    );
    expect(everywhere).toEqual(
      rows
        .filter(({ address }) => address === inTrie.address)
        .map(({ branch }) => branch)
        .sort((a, b) => a - b),
    );
  });

  test("storage: every slot by its keccak, one by its number", () => {
    const rows = exported<{ branch: number; address: string; rlp: string }>("accounts");
    let slots = 0;
    for (const { branch, address } of rows) {
      const [whole] = seen("storage", [address], { at: `${branch}` }).storage;
      for (const { keccak, value } of whole.slots) {
        slots++;
        const slot = Array.from({ length: 64 }, (_, i) => BigInt(i)).find(
          (i) => toHex(keccak256(fromHex(i.toString(16).padStart(64, "0")))) === keccak,
        );
        if (slot === undefined) continue;
        expect(seen("storage", [address, `${slot}`], { at: `${branch}` }).storage[0].value).toBe(value);
      }
    }
    expect(slots).toBeGreaterThan(20);
  });

  test("deposits name what was sent to each shard", () => {
    const sending = blocks.find((block) => block.canonical && Number(block.xshardOut) > 1)!;
    const { sent } = seen("deposits", [`${sending.branch}:${sending.height}`]);
    expect(sent.map(({ to }: { to: number }) => to)).toEqual(SMALL_SHARDS.filter((id) => id !== sending.branch));
    const count = sent.reduce((total: number, { deposits }: { deposits: unknown[] }) => total + deposits.length, 0);
    expect(count).toBe(sending.xshardOut);
  });

  test("a row's bytes, by text, hex and both", () => {
    const tip = "55631c8278ddef5db12cd1ea424272bf73908fcd1fb748bcba378f54366de6ff";
    expect(toHex(inspectRaw(request("key", ["root", "tipHash"], { raw: true })))).toBe(tip);
    expect(seen("key", ["root", `0x${toHex(utf8("tipHash"))}`]).value).toBe(tip);
    const block = seen("key", ["root", `rblock_${tip}`]);
    expect(block).toEqual(seen("key", ["root", `rblock_+0x${tip}`]));
    expect(block.key).toBe(`rblock_${tip}`);
    expect(() => inspectRaw(request("root", ["tip"], { raw: true }))).toThrow("--raw goes with qkc inspect key only");
  });

  test("code reads as instructions", () => {
    expect(disassemble(fromHex("6001610203fe0c7f01"))).toEqual([
      { offset: 0, name: "PUSH1", operand: "01" },
      { offset: 2, name: "PUSH2", operand: "0203" },
      { offset: 5, name: "INVALID" },
      { offset: 6, name: "INVALID" },
      { offset: 7, name: "PUSH32", operand: `01${"00".repeat(31)}` },
    ]);
    expect(disassemblyText(fromHex("00fe"))).toBe("000000  STOP\n000001  INVALID 0xfe");
  });
});

describe("ids as QuarkChain's RPC prints them: a hash and a full shard id or key", () => {
  const tx = "c0c44ba8a770a8866877b628930971954480307d7dc0c8f35ada9dc500809486";
  const minor = "c228bb80650d70f64724c2b73d3b403da6b36ecca0cb04f9fb7c80b83bd930dc";

  test.each<[InspectSubject, string]>([
    ["tx", tx],
    ["receipt", tx],
    ["minor", minor],
    ["deposits", minor],
  ])("%s %s", (subject, hash) => {
    const found = seen(subject, [hash]);
    for (const key of ["00000001", "00000000", "0000abcd"]) {
      expect(seen(subject, [`0x${hash}${key}`])).toEqual(found);
      expect(seen(subject, [`${hash}${key}`.toUpperCase()])).toEqual(found);
    }
    expect(() => inspect(request(subject, [`0x${hash}00010002`]))).toThrow(
      `${subject === "tx" || subject === "receipt" ? "transaction" : "block"} ${hash} is in shard 1 (0x1), and the 0x00010002 behind its hash names another`,
    );
    expect(() => inspect(request(subject, [`0x${hash}000001`]))).toThrow(/hash or (an )?id/);
  });

  test("what was sent to another shard is a transaction in the one and a deposit in the other", () => {
    const canonical = new Set(blocks.filter((block) => block.canonical).map(({ hash }) => hash));
    const crossing = exported<{ readonly hash: string; readonly block: string }>("txs")
      .filter(({ block }) => canonical.has(block))
      .map(({ hash }) => seen("tx", [hash]))
      .filter(({ crossShard }) => crossShard);
    const received = crossing.flatMap(({ hash, fromFullShardKey, toFullShardKey }) => {
      const sent = seen("receipt", [`${hash}${fromFullShardKey.slice(2)}`]);
      expect(sent).toEqual(seen("receipt", [hash]));
      expect(sent.of).toBe("transaction");
      try {
        return [{ hash, deposit: seen("receipt", [`${hash}${toFullShardKey.slice(2)}`]) }];
      } catch {
        return [];
      }
    });
    expect(received.length).toBeGreaterThan(0);
    for (const { hash, deposit } of received) expect(deposit).toMatchObject({ of: "deposit", hash });
  });

  test("an index behind a block's id", () => {
    const hash = seen("minor", ["1:14"]).hash;
    expect(seen("receipt", [`${hash}00000001:0`])).toEqual(seen("receipt", ["1:14:0"]));
    expect(() => inspect(request("receipt", [`${hash}00010003:0`]))).toThrow(/names another/);
  });
});

describe("what is not there is said with what comes near", () => {
  const hash = blocks.find(({ canonical, height }) => canonical && height === 9)!.hash;
  const tx = "7e9c73f1fbba45de6104e0becd19c70ad81189b0a24a1272a6550c4fa6af92ca";
  const refused: readonly (readonly [InspectSubject, readonly string[], RegExp, Partial<InspectRequest>?])[] = [
    ["root", ["5310"], /root height 5,310 not found; tip is 18/],
    ["minor", ["1:5310"], /shard 1 \(0x1\): height 5,310 not found; tip is 53/],
    ["minor", ["4:1"], /no shard 4 \(0x4\); it has 1 \(0x1\), 65538 \(0x10002\)/],
    ["minor", [`${hash.slice(0, 63)}${hash.endsWith("0") ? "1" : "0"}`], new RegExp(`did you mean ${hash}\\?`)],
    ["minor", ["00".repeat(32)], /no shard has a block 0+$/],
    ["root", [hash], new RegExp(`it is a minor block's hash \\(qkc inspect minor ${hash}\\)`)],
    ["minor", [tx], new RegExp(`it is a transaction's hash \\(qkc inspect tx ${tx}\\)`)],
    ["tx", [tx.replace("7e9c73", "7e9c74")], new RegExp(`did you mean ${tx}\\?`)],
    ["tx", ["1:14:2"], /has 2 transactions; index 2 is a deposit that it consumed \(qkc inspect receipt 1:14:2\)/],
    ["tx", ["1:14:9"], /has 2 transactions: there is no index 9/],
    ["receipt", ["1:14:3"], /has 3 receipts: there is no index 3/],
    ["account", ["ff".repeat(20)], /no account f+ in shard 1 \(0x1\) at 53, /],
    ["account", [`${"ff".repeat(20)}00090000`], /no shard that the address's full shard key belongs to/],
    ["account", ["ff"], /expected 40 hex digits/],
    ["account", ["ff".repeat(20)], /expected SHARD:HEIGHT/, { at: "x:y" }],
    ["storage", ["ff".repeat(20), "-1"], /no account|expected a number/],
    ["key", ["1", "mi_530"], /no row mi_530 in the database of 1; keys that begin alike: mi_53/],
    ["key", ["one", "mi_5"], /expected "root" or a full shard id/],
    ["key", ["1", "0xabc"], /odd number of hex digits/],
    ["root", ["ten"], /expected a height, a hash or "tip"/],
  ];
  test.each(refused.map(([subject, [first]], index) => ({ subject, first, index })))("$subject $first", ({ index }) => {
    const [subject, references, message, options = {}] = refused[index];
    expect(() => inspect(request(subject, references, options))).toThrow(message);
    expect(() => inspect(request(subject, references, options))).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});

test("an altered block is not shown as if it were whole", () => {
  const source = openPyquarkchainDatabase(SMALL);
  const key = utf8("mblock_");
  const hash = source.shard(1).canonicalHashAt(14)!;
  const row = new Uint8Array([...key, ...hash]);
  const value = source.shard(1).rows.get(row)!.slice();
  source.close();
  value[value.length - 40] ^= 1;
  const twin = new DatabaseTwin(SMALL).put("shard-1.db", row, value).write();
  try {
    expect(() => inspect(request("minor", ["1:14"], { db: twin.dir }))).toThrow(/altered row/);
  } finally {
    twin.remove();
  }
});

test("of a long row people see the beginning, and how to have all of it", () => {
  const key = utf8("long");
  const twin = new DatabaseTwin(SMALL).put("shard-1.db", key, new Uint8Array(2 ** 20 + 17).fill(7)).write();
  try {
    const { json, text } = inspect(request("key", ["1", "long"], { db: twin.dir }));
    const lines = text[1].split("\n");
    expect(lines).toHaveLength(2 ** 16 + 1);
    expect(lines.at(-1)).toBe("… 17 bytes more: --raw writes them all");
    expect(json.length).toBe(2 ** 20 + 17);
    expect(inspectRaw(request("key", ["1", "long"], { db: twin.dir, raw: true }))).toHaveLength(2 ** 20 + 17);
  } finally {
    twin.remove();
  }
});

describe("a goquarkchain database", () => {
  let archive: GoquarkchainDirectory;
  beforeAll(() => {
    archive = new GoquarkchainDirectory({ archive: true });
  });
  afterAll(() => archive.remove());

  test("shows blocks, receipts, transactions, accounts and rows", () => {
    const at = { db: archive.dir, configPath: GOQKC_CONFIG };
    const root = seen("root", ["5"], at);
    expect(root.minor).toContainEqual([1, expect.any(Number), expect.any(String)]);
    const minor = seen("minor", ["1:20"], at);
    expect(seen("minor", [minor.hash], at)).toEqual(minor);
    expect(() => seen("minor", [root.hash], at)).toThrow(/it is a root block's hash/);
    expect(minor.transactions).toHaveLength(5);
    const tx = seen("tx", [minor.transactions[4]], at);
    expect(tx).toMatchObject({ branch: 1, height: 20, index: 4 });
    const receipt = seen("receipt", [minor.transactions[4]], at);
    expect(receipt).toMatchObject({ success: true, gasUsed: `${0xfb8e}`, of: "transaction" });
    expect(seen("account", [receipt.contractAddress], { ...at, at: "1:20", withCode: true }).accounts).toHaveLength(1);
    expect(() => seen("account", [tx.from], { ...at, at: "65537:10" })).toThrow(
      /does not hold the state after block 10/,
    );
    expect(seen("key", ["1", "mn+0x0000000000000014"], at)).toMatchObject({ key: "mn 20", value: minor.hash });
  });
});
