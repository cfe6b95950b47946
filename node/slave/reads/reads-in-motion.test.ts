import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeMinorBlock, minorHeaderHash } from "../../chain/minor-block.ts";
import { fromHex, type Hash32, toHex, ZERO_HASH } from "../../codec/bytes.ts";
import { EMPTY_QKC_ADDRESS } from "../../codec/wire.ts";
import { readVectors } from "../../execution-node/reads/read-vectors.testkit.ts";
import type { ShardChain } from "../../shard/shard-chain.ts";
import { allTransactions } from "./history-reads.ts";
import { ReadView } from "./read-view.ts";
import { type LifeStep, type LifeVector, ShardLife } from "./shard-life.testkit.ts";

const vector = readVectors<LifeVector>("shard");
const happenings = vector.steps.filter((step) => !("ask" in step));
/** Where other root blocks begin to take the chain back. */
const resetAt = happenings.findLastIndex((step) => "restart" in step) + 1;
const NEVER = new AbortController().signal;
const GONE = AbortSignal.abort(new Error("gone"));

let life: ShardLife;
let before: { readonly view: ReadView; readonly hashes: readonly (Hash32 | undefined)[] };

async function takeAll(steps: readonly LifeStep[]): Promise<void> {
  for (const step of steps) await life.take(step);
}

function hashesOf(view: ReadView): (Hash32 | undefined)[] {
  return Array.from({ length: view.headHeight + 2 }, (_, height) => view.hashAt(height));
}

beforeAll(async () => {
  life = await ShardLife.open(vector);
  await takeAll(happenings.slice(0, resetAt));
  const view = ReadView.of(life.view);
  before = { view, hashes: hashesOf(view) };
});

afterAll(() => life.close());

test("a page of the history that the chain changes under is read again", async () => {
  const { chain } = life.view;
  let isReset = false;
  async function* keysAfterReset(start: Uint8Array, end: Uint8Array) {
    if (!isReset) await takeAll(happenings.slice(resetAt));
    isReset = true;
    yield* chain.historyKeys(start, end);
  }
  const moving = new Proxy(chain, {
    get(target, name) {
      if (name === "historyKeys") return keysAfterReset;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as ShardChain;
  const request = { branch: 1, start: new Uint8Array(0), limit: 1000 };
  const page = await allTransactions({ ...life.view, chain: moving }, request, NEVER);
  expect(isReset).toBe(true);
  const after = await life.reads.allTransactions(request, NEVER);
  expect(page).toEqual(after);
  expect(after.transactions.length).toBeGreaterThan(0);
});

test("a read that began before a reorganisation goes on in its own chain", () => {
  const { view, hashes } = before;
  expect(view.headHeight).toBeGreaterThan(3);
  expect(hashesOf(view)).toEqual(hashes);
  expect(life.view.chain.hashAt(view.headHeight)).not.toEqual(hashes[view.headHeight]);
  expect(view.hashAt(-1n)).toBeUndefined();
  expect(view.hashAt(2n ** 63n)).toBeUndefined();
});

test("transactions are found where the engine's head is another one, ahead of it and beside it", async () => {
  const blocks = happenings.flatMap((step) => ("block" in step ? [decodeMinorBlock(fromHex(step.block))] : []));
  const hashes = blocks.flatMap(({ transactions }) => transactions.map(({ hash }) => hash));
  const answers = () =>
    Promise.all(hashes.map((hash) => life.answer("GET_TRANSACTION_RECEIPT", `${toHex(hash)}00000001`)));
  const settled = await answers();
  expect(new Set(settled).size).toBeGreaterThan(1);
  const { node, chain } = life.view;
  const last = blocks[blocks.length - 1].header;
  const left = before.view.snapshot.head.hash;
  for (const headBlockHash of [last.prevMinorBlockHash, left]) {
    await node.forkchoiceUpdated({ headBlockHash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH });
    expect(await answers()).toEqual(settled);
  }
  await chain.settleHead();
  expect(chain.snapshot?.head.hash).toEqual(minorHeaderHash(last));
});

test("what takes long ends when nobody waits", async () => {
  const { reads } = life;
  const address = EMPTY_QKC_ADDRESS;
  const head = life.view.chain.snapshot?.head.hash ?? ZERO_HASH;
  const range = { branch: 1, addresses: [], topics: [], startBlock: 0n, endBlock: 2n };
  await expect(reads.logs(range, GONE)).rejects.toThrow("gone");
  const page = { start: new Uint8Array(0), limit: 10 };
  await expect(reads.allTransactions({ branch: 1, ...page }, GONE)).rejects.toThrow("gone");
  const balances = {
    branch: 1,
    start: undefined,
    tokenId: 1n,
    limit: 9,
    minorBlockHash: head,
    rootBlockHash: undefined,
  };
  await expect(reads.totalBalance(balances, GONE)).rejects.toThrow("gone");
  const [transaction] = life.pool.ordered().map(({ typed }) => typed);
  await expect(reads.estimateGas({ transaction, from: address }, GONE)).rejects.toThrow("gone");
});
