import { expect, test } from "vitest";
import type { SealInput, SealVerdict } from "../cl/pow/seal.ts";
import { UnsupportedError } from "../codec/errors.ts";
import { Lab, openShard, SHARD_A } from "./shard-lab.testkit.ts";
import { ShardSeals } from "./shard-seals.ts";

async function sealsAndBlock(verify: (seal: SealInput) => Promise<SealVerdict>) {
  const lab = new Lab();
  const { chain } = await openShard(lab.config, SHARD_A);
  await chain.addRootBlock(lab.rootGenesis);
  const block = lab.block(lab.genesis(SHARD_A).header, lab.rootGenesis.header);
  return { block, seals: new ShardSeals({ ...lab.config, disablePowCheck: false }, chain, { verify }) };
}

test("a block's seal is judged once, however often it comes by and from how many sides", async () => {
  const asked: SealInput[] = [];
  const { block, seals } = await sealsAndBlock(async (seal) => {
    asked.push(seal);
    return { ok: false, reason: "target" };
  });
  const both = await Promise.all([seals.violationsOf(block), seals.violationsOf(block)]);
  expect([...both, await seals.violationsOf(block)].map(([{ code }]) => code)).toEqual(
    Array(3).fill("SEAL_ABOVE_TARGET"),
  );
  expect(asked).toHaveLength(1);
  const other = { ...block, header: { ...block.header, nonce: block.header.nonce + 1n } };
  await seals.violationsOf(other);
  expect(asked).toHaveLength(2);
});

test("what could not be judged is judged again", async () => {
  let [asked, isBroken] = [0, true];
  const { block, seals } = await sealsAndBlock(async () => {
    asked++;
    if (isBroken) throw new Error("no memory");
    return { ok: true };
  });
  await expect(seals.violationsOf(block)).rejects.toThrow("no memory");
  isBroken = false;
  expect(await seals.violationsOf(block)).toEqual([]);
  expect(asked).toBe(2);
});

test("a height beyond every epoch is the block's fault", async () => {
  const { block, seals } = await sealsAndBlock(async () => {
    throw new UnsupportedError("there is no such epoch");
  });
  const refused = [{ code: "SEAL_UNSUPPORTED", message: "there is no such epoch" }];
  expect(await seals.violationsOf(block)).toEqual(refused);
  expect(await seals.headerViolationsOf(block.header)).toEqual(refused);
});
