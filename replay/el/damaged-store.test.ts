import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterAll, expect, test } from "vitest";
import { utf8 } from "../../node/codec/bytes.ts";
import { hashRowKey, heightRowKey, namedRowKey, ROW } from "../../node/el/store/store-keys.ts";
import { OpenNodes } from "./open-nodes.testkit.ts";

const SHARD = 65539;
const HEIGHT = 12;
const nodes = new OpenNodes();
afterAll(() => nodes.close());

const blocks = [...nodes.chain.canonicalPayloads(SHARD)].map(({ payload }) => payload);

/** A closed store with the chain up to HEIGHT, one row changed. */
async function alteredStore(key: Uint8Array, change: (value: Uint8Array) => Uint8Array | undefined): Promise<string> {
  const folder = nodes.newFolder();
  const node = await nodes.fed(SHARD, HEIGHT, { folder });
  await node.close();
  const encodings = { keyEncoding: "view", valueEncoding: "view" } as const;
  const db = new ClassicLevel<Uint8Array, Uint8Array>(join(folder, "execution"), encodings);
  await db.open();
  const value = change(new Uint8Array((await db.get(key))!));
  if (value === undefined) await db.del(key);
  else await db.put(key, value);
  await db.close();
  return folder;
}

function flippedAt(index: number) {
  return (value: Uint8Array) => {
    const copy = value.slice();
    copy[index < 0 ? copy.length + index : index] ^= 1;
    return copy;
  };
}

const gone = () => undefined;

test.each([
  ["the head's block", hashRowKey(ROW.block, blocks[HEIGHT].blockHash), flippedAt(20), /altered row .*does not hash/],
  ["the row of the head's block", hashRowKey(ROW.block, blocks[HEIGHT].blockHash), gone, /lacks a block that it names/],
  ["the head's height", heightRowKey(ROW.canonical, HEIGHT), gone, /lacks the state or the index row of its head/],
  [
    "the root of the head's state",
    hashRowKey(ROW.node, blocks[HEIGHT].block.meta.stateRoot),
    gone,
    /lacks the state or the index row of its head/,
  ],
  ["the identity", namedRowKey("identity"), () => utf8("{}"), /is no data directory of this program/],
  [
    "the layout's version",
    namedRowKey("identity"),
    (value: Uint8Array) => utf8(Buffer.from(value).toString().replace('"schemaVersion":1', '"schemaVersion":2')),
    /has layout 2, this version writes 1/,
  ],
])("says when it is opened that %s is not what it was", async (_, key, change, sentence) => {
  const folder = await alteredStore(key, change);
  await expect(nodes.at(folder, SHARD)).rejects.toThrow(sentence);
});

/** The name of the one file of a kind. */
function nameOf(folder: string, kind: RegExp): string {
  return readdirSync(folder).find((name) => kind.test(name))!;
}

const overwrite = (name: RegExp, text: string) => (folder: string) =>
  writeFileSync(join(folder, nameOf(folder, name)), text);
const remove = (name: RegExp) => (folder: string) => rmSync(join(folder, nameOf(folder, name)));

test.each<[string, (folder: string) => void, RegExp]>([
  ["an empty CURRENT", overwrite(/^CURRENT$/, ""), /CURRENT file does not end with newline/],
  ["a CURRENT of garbage", overwrite(/^CURRENT$/, "garbage"), /CURRENT file does not end with newline/],
  ["a CURRENT that names nothing", overwrite(/^CURRENT$/, "garbage\n"), /garbage: No such file/],
  ["no MANIFEST", remove(/^MANIFEST/), /MANIFEST-\d+: No such file/],
  ["an empty MANIFEST", overwrite(/^MANIFEST/, ""), /no meta-nextfile entry/],
  ["a MANIFEST of garbage", overwrite(/^MANIFEST/, "x".repeat(100_000)), /checksum mismatch/],
  ["no CURRENT beside its tables", remove(/^CURRENT$/), /no CURRENT that says which of them count/],
  ["a table that is missing", remove(/\.ldb$/), /missing files/],
])("%s is damage of the data directory, and nothing is changed", async (_, damage, sentence) => {
  const folder = nodes.newFolder();
  await (await nodes.fed(SHARD, 3, { folder })).close();
  // What lies in the log becomes a table when it is opened again.
  await (await nodes.at(folder, SHARD)).close();
  const execution = join(folder, "execution");
  damage(execution);
  const before = readdirSync(execution).filter((name) => !/^LO(G|CK)/.test(name));
  const opened = nodes.at(folder, SHARD);
  await expect(opened).rejects.toMatchObject({ code: "DATABASE_DAMAGED", message: expect.stringMatching(sentence) });
  await expect(opened).rejects.toThrow(`(file ${execution})`);
  expect(readdirSync(execution)).toEqual(expect.arrayContaining(before));
});

test("says so where it comes to an altered row, and takes no block on it", async () => {
  const { stateRoot } = blocks[HEIGHT].block.meta;
  const damaged = { code: "DATABASE_DAMAGED" };
  const ofState = await nodes.at(await alteredStore(hashRowKey(ROW.node, stateRoot), flippedAt(-1)), SHARD);
  const next = () => [...nodes.chain.canonicalPayloads(SHARD)][HEIGHT + 1].payload;
  await expect(ofState.newPayload(next())).rejects.toMatchObject(damaged);
  expect(ofState.store.hasExecuted(next().blockHash)).toBe(false);

  const early = blocks[3].blockHash;
  const ofRecord = await nodes.at(await alteredStore(hashRowKey(ROW.execution, early), flippedAt(3)), SHARD);
  await expect(ofRecord.newPayload(blocks[3])).rejects.toMatchObject(damaged);
  expect((await ofRecord.newPayload(next())).status).toBe("VALID");
});
