import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeDepositList } from "../../chain/deposit.ts";
import { asHash32, utf8, ZERO_HASH } from "../../codec/bytes.ts";
import { ClBatch } from "./cl-batch.ts";
import { ClStore } from "./cl-store.ts";

const IDENTITY = { fullShardId: 65538, rootGenesisHash: ZERO_HASH };
const HASH = asHash32(new Uint8Array(32).fill(9));

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "qkc-cl-")), "store");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

describe("ClStore", () => {
  test("keeps what was written when it is opened again", async () => {
    const store = await ClStore.open(folder, IDENTITY);
    expect(store.isCommitted(HASH)).toBe(false);
    expect(store.depositList(HASH)).toBeUndefined();
    const batch = new ClBatch().putReceivedDeposits(HASH, encodeDepositList([])).putMark(utf8("state"));
    await store.write(batch.putCommitted(HASH));
    await store.close();

    const again = await ClStore.open(folder, IDENTITY);
    expect(again.isCommitted(HASH)).toBe(true);
    expect(again.depositList(HASH)).toMatchObject({ deposits: [] });
    expect(again.mark()).toEqual(utf8("state"));
    await again.close();
  });

  test("a received list commits nothing", async () => {
    const store = await ClStore.open(folder, IDENTITY);
    await store.write(new ClBatch().putReceivedDeposits(HASH, encodeDepositList([])));
    expect(store.isCommitted(HASH)).toBe(false);
    await store.close();
  });

  test("belongs to one process, one shard, one chain and one layout", async () => {
    const store = await ClStore.open(folder, IDENTITY);
    await expect(ClStore.open(folder, IDENTITY)).rejects.toThrow("in use by another process");
    await store.close();
    await expect(ClStore.open(folder, { ...IDENTITY, fullShardId: 1 })).rejects.toThrow(
      /belongs to shard 65538 of the chain with root genesis 0{64}, not to shard 1/,
    );
    await expect(ClStore.open(folder, { ...IDENTITY, rootGenesisHash: HASH })).rejects.toThrow(
      "belongs to shard 65538",
    );
    const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view" });
    await level.put(utf8("qkc_cl_store"), new Uint8Array(40).fill(1));
    await level.close();
    await expect(ClStore.open(folder, IDENTITY)).rejects.toThrow(/has layout \d+ and this program knows 2/);
  });

  test("a folder that cannot be made is named", async () => {
    const file = join(folder, "..", "file");
    writeFileSync(file, "");
    await expect(ClStore.open(join(file, "store"), IDENTITY)).rejects.toThrow(`cannot open ${file}/store: `);
  });
});
