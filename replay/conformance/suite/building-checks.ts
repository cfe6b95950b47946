import { EMPTY_BYTES, ZERO_HASH } from "../../../node/codec/bytes.ts";
import type { EngineApi, PayloadAttributes, QkcPayload } from "../../../node/engine/engine-api.ts";
import { ENGINE_ERROR } from "../../../node/engine/engine-error.ts";
import { blockWithTransactions, type ChainSample, changedBlock, richestBlock } from "./chain-sample.ts";
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

/** Blocks that the engine makes. The sample's own are made again from what they were made of. */
export const BUILDING_CHECKS: readonly Check[] = [
  {
    name: "getPayload: a block made of what a known block was made of is that block, unsealed",
    run: async ({ engine }, sample) => {
      const model = richestBlock(sample);
      const { payload } = await build(engine, model, attributesOf(model));
      const unsealed = { nonce: 0n, mixhash: ZERO_HASH, extraData: EMPTY_BYTES };
      expectHash("blockHash", payload.blockHash, changedBlock(model, { header: unsealed }).blockHash);
    },
  },
  {
    name: "getPayload: the block is VALID once it is sealed",
    run: async ({ engine }, sample) => {
      const model = richestBlock(sample);
      const { payload, computed } = await build(engine, model, attributesOf(model));
      expectHash("computed blockHash", computed.blockHash, payload.blockHash);
      expectStatus(await engine.newPayload(payload), ["VALID"], payload.blockHash);
      const sealed = changedBlock(payload, { header: { nonce: 0x5ea1n } });
      expectStatus(await engine.newPayload(sealed), ["VALID"], sealed.blockHash);
    },
  },
  {
    name: "getPayload: transactions that are not valid are left out",
    run: async ({ engine }, sample) => {
      const model = blockWithTransactions(sample);
      const { transactions } = model.block;
      const twice = { ...attributesOf(model), transactions: [...transactions, ...transactions] };
      const { payload } = await build(engine, model, twice);
      expectEqual("transactions", payload.block.transactions.length, transactions.length);
      expectStatus(await engine.newPayload(payload), ["VALID"], payload.blockHash);
    },
  },
  {
    name: "getPayload: an id that was never given",
    run: ({ engine }) => expectEngineError(ENGINE_ERROR.unknownPayload, engine.getPayload("0xfedcba9876543210")),
  },
  {
    name: "forkchoiceUpdated: attributes with the head's own time are refused, the head is updated",
    run: async ({ engine }, sample) => {
      const model = sample.blocks[1];
      const parent = sample.blocks[0];
      await setHead(engine, sample.genesis.blockHash);
      const attributes = { ...attributesOf(model), timestamp: parent.block.header.createTime };
      const call = engine.forkchoiceUpdated(headed(parent.blockHash), attributes);
      await expectEngineError(ENGINE_ERROR.invalidPayloadAttributes, call);
      await expectHead(engine, parent.blockHash);
    },
  },
  {
    name: "forkchoiceUpdated: attributes without a root block are refused",
    run: async ({ engine }, sample) => {
      const attributes = { ...attributesOf(sample.blocks[1]), prevRootBlockHash: ZERO_HASH };
      const call = engine.forkchoiceUpdated(headed(sample.blocks[0].blockHash), attributes);
      await expectEngineError(ENGINE_ERROR.invalidPayloadAttributes, call);
    },
  },
  {
    name: "forkchoiceUpdated: the sample's last block again",
    run: ({ engine }, { blocks }: ChainSample) => setHead(engine, blocks[blocks.length - 1].blockHash),
  },
];

function attributesOf({ block, inputs }: QkcPayload): PayloadAttributes {
  const { header, meta, transactions } = block;
  return {
    timestamp: header.createTime,
    suggestedFeeRecipient: header.coinbaseAddress,
    prevRootBlockHash: header.prevRootBlockHash,
    difficulty: header.difficulty,
    xshardGasLimit: meta.xshardGasLimit,
    transactions,
    inputs,
  };
}

/** Has a block made on the model's parent. */
async function build(engine: EngineApi, model: QkcPayload, attributes: PayloadAttributes) {
  const parentHash = model.block.header.prevMinorBlockHash;
  const { payloadStatus, payloadId } = await engine.forkchoiceUpdated(headed(parentHash), attributes);
  expectStatus(payloadStatus, ["VALID"], parentHash);
  if (payloadId === null) throw new CheckFailure("payloadId is null although a block was asked for");
  return await engine.getPayload(payloadId);
}
