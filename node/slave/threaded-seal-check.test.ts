import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConsensusType } from "../chain/consensus-type.ts";
import { createSharedEthashCaches } from "../cl/pow/ethash-cache-pool.ts";
import type { SealInput } from "../cl/pow/seal.ts";
import { asHash32, ZERO_HASH } from "../codec/bytes.ts";
import { buildThread, type ThreadFile } from "../codec/thread-file.testkit.ts";
import { ThreadedSealCheck } from "./threaded-seal-check.ts";

let thread: ThreadFile;

beforeAll(async () => {
  thread = await buildThread("node/slave/seal-check-thread.ts");
});
afterAll(() => thread.remove());

/** Whether a nonce meets difficulty 1 is never in doubt; its mixhash is wrong. */
function seal(consensusType: ConsensusType, height = 10): SealInput {
  const miningHash = asHash32(new Uint8Array(32).fill(3));
  return { consensusType, miningHash, height, qkchashX: false, nonce: 1n, mixhash: ZERO_HASH, difficulty: 1n };
}

function begin(file = thread.file): ThreadedSealCheck {
  return new ThreadedSealCheck(createSharedEthashCaches(1, 0), file);
}

test("while the cache of a new Ethash epoch is made whoever asked goes on answering", async () => {
  const check = begin();
  try {
    const verdict = check.verify(seal("POW_ETHASH"));
    let answers = 0;
    const answering = setInterval(() => answers++, 10);
    expect(await verdict).toEqual({ ok: false, reason: "mix" });
    clearInterval(answering);
    expect(answers).toBeGreaterThan(5);
    expect(await check.verify(seal("POW_QKCHASH"))).toEqual({ ok: false, reason: "mix" });
    await expect(check.verify(seal("POW_ETHASH", 2 ** 40))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  } finally {
    await check.close();
  }
});

test("what costs nothing is verified without the thread", async () => {
  const check = begin(new URL("file:///there/is/no/thread.mjs"));
  expect(await check.verify(seal("POW_DOUBLESHA256"))).toEqual({ ok: true });
  expect(await check.verify(seal("POW_SIMULATE"))).toEqual({ ok: true });
});

test("a thread that ends fails what it was asked, and the next seal starts another one", async () => {
  const check = begin(new URL("file:///there/is/no/thread.mjs"));
  for (let i = 0; i < 2; i++) await expect(check.verify(seal("POW_QKCHASH"))).rejects.toThrow(/verifies seals ended/);
  await check.close();
  await expect(check.verify(seal("POW_QKCHASH"))).rejects.toThrow(/closed/);
});
