import { bytesEqual, ZERO_HASH } from "../../../node/codec/bytes.ts";
import type { EngineApi, PayloadBody, QkcPayload } from "../../../node/engine/engine-api.ts";
import { ENGINE_ERROR } from "../../../node/engine/engine-error.ts";
import { type ChainSample, changedBlock, otherHash } from "./chain-sample.ts";
import {
  type Check,
  expectEngineError,
  expectEqual,
  expectHash,
  expectHead,
  expectStatus,
  headed,
  setHead,
} from "./check.ts";
import { CheckFailure } from "./check-outcome.ts";

/** Which blocks are canonical, and what may be said of safe and finalized ones. */
export const FORKCHOICE_CHECKS: readonly Check[] = [
  {
    name: "forkchoiceUpdated: an unknown head is SYNCING and changes nothing",
    run: async ({ engine }, sample) => {
      const { tip } = endOf(sample);
      await setHead(engine, tip.blockHash);
      const { payloadStatus, payloadId } = await engine.forkchoiceUpdated(headed(otherHash(tip.blockHash)));
      expectStatus(payloadStatus, ["SYNCING"], null);
      expectEqual("payloadId", payloadId, null);
      await expectHead(engine, tip.blockHash);
    },
  },
  {
    name: "forkchoiceUpdated: an invalid block never becomes the head",
    run: async ({ engine }, sample) => {
      const { tip } = endOf(sample);
      const wrong = changedBlock(tip, { meta: { gasUsed: tip.block.meta.gasUsed + 1n } });
      expectStatus(await engine.newPayload(wrong), ["INVALID"]);
      const { payloadStatus } = await engine.forkchoiceUpdated(headed(wrong.blockHash));
      expectStatus(payloadStatus, ["INVALID", "SYNCING"]);
      await expectHead(engine, tip.blockHash);
    },
  },
  {
    name: "forkchoiceUpdated: the zero hash is no head",
    run: async ({ engine }, sample) => {
      await expectEngineError(ENGINE_ERROR.invalidForkchoiceState, engine.forkchoiceUpdated(headed(ZERO_HASH)));
      await expectHead(engine, endOf(sample).tip.blockHash);
    },
  },
  {
    name: "forkchoiceUpdated: the head goes back to an ancestor and forward again",
    run: async ({ engine }, sample) => {
      const { tip } = endOf(sample);
      await setHead(engine, sample.blocks[0].blockHash);
      await setHead(engine, sample.genesis.blockHash);
      await setHead(engine, tip.blockHash);
    },
  },
  {
    name: "forkchoiceUpdated: a reorganisation to a side branch and back",
    run: async ({ engine }, sample) => {
      const { newest, tip } = endOf(sample);
      const side = await insertBranch(engine, newest, SIDE_SEAL);
      await expectHead(engine, tip.blockHash);
      const start = side[0].block.header.height;
      for (const branch of [side, newest, side, newest]) {
        await setHead(engine, branch[branch.length - 1].blockHash);
        expectBodies(await engine.getPayloadBodiesByRange(start, branch.length), branch);
      }
    },
  },
  {
    name: "forkchoiceUpdated: a side branch from genesis, as deep as the sample",
    run: async ({ engine }, { blocks }) => {
      const side = await insertBranch(engine, blocks, DEEP_SEAL);
      await setHead(engine, side[side.length - 1].blockHash);
      await setHead(engine, blocks[blocks.length - 1].blockHash);
    },
  },
  ...(["safe", "finalized"] as const).flatMap((which): Check[] => [
    {
      name: `forkchoiceUpdated: a ${which} block of another branch is refused and changes nothing`,
      run: async ({ engine }, sample) => {
        const { newest, tip, parent } = endOf(sample);
        const [side] = await insertBranch(engine, newest.slice(0, 1), SIDE_SEAL);
        await refused(engine, which, parent, side);
        await expectHead(engine, tip.blockHash);
      },
    },
    {
      name: `forkchoiceUpdated: a ${which} block that is not known is refused and changes nothing`,
      run: async ({ engine }, sample) => {
        const { tip, parent } = endOf(sample);
        await refused(engine, which, parent, { ...parent, blockHash: otherHash(tip.blockHash) });
        await expectHead(engine, tip.blockHash);
      },
    },
    {
      name: `forkchoiceUpdated: a ${which} block above the head is refused`,
      run: async ({ engine }, sample) => {
        const { tip, parent } = endOf(sample);
        await refused(engine, which, parent, tip);
        await expectHead(engine, tip.blockHash);
      },
    },
  ]),
  {
    name: "forkchoiceUpdated: the head itself may be safe and finalized",
    run: async ({ engine }, sample) => {
      const { blockHash } = endOf(sample).tip;
      const state = { headBlockHash: blockHash, safeBlockHash: blockHash, finalizedBlockHash: blockHash };
      expectStatus((await engine.forkchoiceUpdated(state)).payloadStatus, ["VALID"], blockHash);
      // Later checks move the head again.
      await setHead(engine, blockHash);
    },
  },
];

const SIDE_SEAL = 0x51den;
const DEEP_SEAL = 0xdee9n;

interface ChainEnd {
  /** The last two blocks. */
  readonly newest: readonly QkcPayload[];
  readonly parent: QkcPayload;
  readonly tip: QkcPayload;
}

function endOf({ blocks }: ChainSample): ChainEnd {
  const newest = blocks.slice(-2);
  return { newest, parent: newest[0], tip: newest[1] };
}

/** Makes another branch of the same blocks with other seals, which an execution layer does not look at. */
async function insertBranch(engine: EngineApi, blocks: readonly QkcPayload[], seal: bigint): Promise<QkcPayload[]> {
  const branch: QkcPayload[] = [];
  for (const payload of blocks) {
    const { header } = payload.block;
    const prevMinorBlockHash = branch.at(-1)?.blockHash ?? header.prevMinorBlockHash;
    const resealed = changedBlock(payload, { header: { prevMinorBlockHash, nonce: header.nonce ^ seal } });
    branch.push(await insertAsComputed(engine, resealed));
  }
  return branch;
}

/** A block whose contracts ask for BLOCKHASH comes to something else on another branch: then it declares that. */
async function insertAsComputed(engine: EngineApi, payload: QkcPayload): Promise<QkcPayload> {
  const { status, computed } = await engine.newPayload(payload);
  if (status === "VALID" || computed === null) {
    expectEqual("status of a side block", status, "VALID");
    return payload;
  }
  const { stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor, bloom, coinbaseAmounts } = computed;
  const other = changedBlock(payload, {
    meta: { stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor },
    header: { bloom, coinbaseAmounts },
  });
  expectStatus(await engine.newPayload(other), ["VALID"], other.blockHash);
  return other;
}

/** `head` as head, with `block` as the safe or finalized one. */
async function refused(engine: EngineApi, which: "safe" | "finalized", head: QkcPayload, block: QkcPayload) {
  const state = { ...headed(head.blockHash), [`${which}BlockHash`]: block.blockHash };
  await expectEngineError(ENGINE_ERROR.invalidForkchoiceState, engine.forkchoiceUpdated(state));
}

export function expectBodies(bodies: readonly (PayloadBody | null)[], blocks: readonly (QkcPayload | null)[]): void {
  expectEqual("bodies", bodies.length, blocks.length);
  bodies.forEach((body, index) => {
    const wanted = blocks[index]?.block.transactions ?? null;
    if (body === null || wanted === null) {
      expectEqual(`body ${index} is null`, body === null, wanted === null);
      return;
    }
    expectEqual(`transactions of body ${index}`, body.transactions.length, wanted.length);
    body.transactions.forEach((transaction, at) => {
      expectHash(`transaction ${at} of body ${index}`, transaction.hash, wanted[at].hash);
      if (!bytesEqual(transaction.rlp, wanted[at].rlp)) {
        throw new CheckFailure(`transaction ${at} of body ${index} has other bytes`);
      }
    });
  });
}
