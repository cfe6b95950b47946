import { randomBytes } from "node:crypto";
import { merkleRoot } from "../../../node/chain/merkle-root.ts";
import { makeFullShardId } from "../../../node/chain/shard-id.ts";
import { toHex } from "../../../node/codec/bytes.ts";
import { DepositList } from "../../../node/engine/api/deposit-lists.ts";
import { compareDeclared } from "../../../node/engine/compare-block.ts";
import type { QkcPayload } from "../../../node/engine/engine-api.ts";
import { ENGINE_ERROR } from "../../../node/engine/engine-error.ts";
import {
  type BlockChange,
  blockWithDeposits,
  blockWithTransactions,
  changedBlock,
  otherHash,
  richestBlock,
} from "./chain-sample.ts";
import { type Check, expectEngineError, expectEqual, expectHash, expectMismatch, expectStatus } from "./check.ts";
import { CheckFailure } from "./check-outcome.ts";

/** Every field that a block declares and execution computes, each wrong on its own with all hashes right. */
const WRONG_RESULTS: ReadonlyArray<readonly [field: string, change: (payload: QkcPayload) => BlockChange]> = [
  ["stateRoot", ({ block }) => ({ meta: { stateRoot: otherHash(block.meta.stateRoot) } })],
  ["receiptRoot", ({ block }) => ({ meta: { receiptRoot: otherHash(block.meta.receiptRoot) } })],
  ["gasUsed", ({ block }) => ({ meta: { gasUsed: block.meta.gasUsed + 1n } })],
  ["xshardReceiveGasUsed", ({ block }) => ({ meta: { xshardReceiveGasUsed: block.meta.xshardReceiveGasUsed + 1n } })],
  [
    "xshardCursor",
    ({ block: { meta } }) => ({
      meta: { xshardCursor: { ...meta.xshardCursor, xshardDepositIndex: meta.xshardCursor.xshardDepositIndex + 1 } },
    }),
  ],
  [
    "bloom",
    ({ block }) => ({ header: { bloom: block.header.bloom.map((byte, index) => (index === 0 ? byte ^ 1 : byte)) } }),
  ],
  [
    "coinbaseAmounts",
    ({ block }) => {
      const amounts = [...block.header.coinbaseAmounts].map(([id, amount]) => [id, amount + 1n] as const);
      return { header: { coinbaseAmounts: new Map(amounts.length === 0 ? [[1n, 1n]] : amounts) } };
    },
  ],
];

/** What is wrong before anything is executed. */
const WRONG_PLACES: ReadonlyArray<readonly [field: string, change: (payload: QkcPayload) => BlockChange]> = [
  ["metaHash", ({ block }) => ({ header: { metaHash: otherHash(block.header.metaHash) } })],
  ["merkleRoot", ({ block }) => ({ meta: { merkleRoot: otherHash(block.meta.merkleRoot) } })],
  ["height", ({ block }) => ({ header: { height: block.header.height + 1 } })],
  ["branch", ({ block }) => ({ header: { branch: otherShard(block.header.branch) } })],
];

function otherShard(fullShardId: number): number {
  return makeFullShardId((fullShardId >>> 16) + 1, 1, 0);
}

function wrongResult(field: string, change: (payload: QkcPayload) => BlockChange): Check {
  return {
    name: `newPayload: a wrong ${field} with right hashes is INVALID and named`,
    run: async ({ engine }, sample) => {
      const good = richestBlock(sample);
      const wrong = changedBlock(good, change(good));
      const status = await engine.newPayload(wrong);
      const [wanted] = compareDeclared(wrong.block, resultOf(good));
      const mismatch = expectMismatch(status, field);
      expectEqual("declared", mismatch.declared, wanted.declared);
      expectEqual("computed", mismatch.computed, wanted.computed);
      expectHash("latestValidHash", status.latestValidHash, good.block.header.prevMinorBlockHash);
      expectHash("the block as computed", status.computed?.blockHash ?? null, good.blockHash);
    },
  };
}

function wrongPlace(field: string, change: (payload: QkcPayload) => BlockChange): Check {
  return {
    name: `newPayload: a wrong ${field} is INVALID and named`,
    run: async ({ engine }, sample) => {
      const good = richestBlock(sample);
      expectMismatch(await engine.newPayload(changedBlock(good, change(good))), field);
    },
  };
}

/** The block itself is known, under this seal it is not: an execution layer has to execute it. */
function newlySealed(payload: QkcPayload): QkcPayload {
  return changedBlock(payload, { header: { nonce: randomBytes(8).readBigUInt64BE() } });
}

/** What execution has to come to: what the good block declares. */
function resultOf({ block: { header, meta } }: QkcPayload) {
  return {
    ...meta,
    bloom: header.bloom,
    coinbaseAmounts: header.coinbaseAmounts,
    xshardSends: [],
    depositsConsumed: 0,
  };
}

export const PAYLOAD_CHECKS: readonly Check[] = [
  ...WRONG_RESULTS.map(([field, change]) => wrongResult(field, change)),
  ...WRONG_PLACES.map(([field, change]) => wrongPlace(field, change)),
  {
    name: "newPayload: a wrong blockHash is INVALID and named, nothing valid being known of it",
    run: async ({ engine }, { blocks }) => {
      const [good] = blocks;
      const status = await engine.newPayload({ ...good, blockHash: otherHash(good.blockHash) });
      const { computed } = expectMismatch(status, "blockHash");
      expectEqual("the hash that it has", computed, toHex(good.blockHash));
      expectHash("latestValidHash", status.latestValidHash, null);
    },
  },
  {
    name: "newPayload: a transaction left out",
    run: async ({ engine }, sample) => {
      const good = blockWithTransactions(sample);
      const transactions = good.block.transactions.slice(1);
      const root = merkleRoot(transactions.map(({ hash }) => hash));
      const wrong = changedBlock(good, { transactions, meta: { merkleRoot: root } });
      expectStatus(await engine.newPayload(wrong), ["INVALID"], good.block.header.prevMinorBlockHash);
    },
  },
  {
    name: "newPayload: a transaction twice is rejected and its place named",
    run: async ({ engine }, sample) => {
      const good = blockWithTransactions(sample);
      const { transactions: once } = good.block;
      const transactions = [...once, once[once.length - 1]];
      const root = merkleRoot(transactions.map(({ hash }) => hash));
      const wrong = changedBlock(good, { transactions, meta: { merkleRoot: root } });
      const status = await engine.newPayload(wrong);
      expectStatus(status, ["INVALID"], good.block.header.prevMinorBlockHash);
      const error = status.validationError;
      if (error?.kind !== "rejected") throw new CheckFailure(`a rejection expected, got ${JSON.stringify(error)}`);
      expectEqual("transactionIndex", error.transactionIndex, once.length);
    },
  },
  {
    name: "newPayload: deposits withheld are missed",
    run: async ({ engine }, sample) => {
      const good = blockWithDeposits(sample);
      const deposits = new DepositList([], false);
      const again = newlySealed(good);
      const status = await engine.newPayload({ ...again, inputs: { ...again.inputs, deposits } });
      expectStatus(status, ["INVALID"], good.block.header.prevMinorBlockHash);
    },
  },
  {
    name: "newPayload: a list of deposits that was cut too short is no verdict",
    run: async ({ engine }, sample) => {
      const good = blockWithDeposits(sample);
      const deposits = new DepositList([], true);
      const again = newlySealed(good);
      const cut = engine.newPayload({ ...again, inputs: { ...again.inputs, deposits } });
      await expectEngineError(ENGINE_ERROR.moreDepositsNeeded, cut);
      expectStatus(await engine.newPayload(again), ["VALID"], again.blockHash);
    },
  },
  {
    name: "newPayload: a block without a known parent is SYNCING",
    run: async ({ engine }, { blocks }) => {
      const orphan = changedBlock(blocks[1], { header: { prevMinorBlockHash: otherHash(blocks[0].blockHash) } });
      const status = await engine.newPayload(orphan);
      expectStatus(status, ["SYNCING", "ACCEPTED"], null);
      expectEqual("computed of what was not executed is null", status.computed === null, true);
    },
  },
  {
    name: "newPayload: no child of an invalid block is valid",
    run: async ({ engine }, { blocks }) => {
      const [good, next] = blocks;
      const wrong = changedBlock(good, { meta: { gasUsed: good.block.meta.gasUsed + 1n } });
      expectStatus(await engine.newPayload(wrong), ["INVALID"]);
      const child = changedBlock(next, { header: { prevMinorBlockHash: wrong.blockHash } });
      expectStatus(await engine.newPayload(child), ["INVALID", "SYNCING"]);
    },
  },
  {
    name: "newPayload: what was refused harms no good block",
    run: async ({ engine }, sample) => {
      const good = richestBlock(sample);
      expectStatus(await engine.newPayload(good), ["VALID"], good.blockHash);
      const resealed = newlySealed(good);
      expectStatus(await engine.newPayload(resealed), ["VALID"], resealed.blockHash);
    },
  },
];
