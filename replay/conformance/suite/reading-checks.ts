import { ZERO_ADDRESS } from "../../../node/codec/bytes.ts";
import { MOST_BODIES } from "../../../node/engine/api/methods.ts";
import { ENGINE_ERROR } from "../../../node/engine/engine-error.ts";
import { otherHash } from "./chain-sample.ts";
import { type Check, expectEngineError, expectEqual } from "./check.ts";
import { expectBodies } from "./forkchoice-checks.ts";

/** What can be read of stored blocks. The head is the sample's last block. */
export const READING_CHECKS: readonly Check[] = [
  {
    name: "getPayloadBodiesByHash: in the order of the request, null for what is not known",
    run: async ({ engine }, { blocks, genesis }) => {
      const [first, second] = blocks;
      const hashes = [second.blockHash, otherHash(first.blockHash), genesis.blockHash, first.blockHash];
      expectBodies(await engine.getPayloadBodiesByHash(hashes), [second, null, genesis, first]);
      expectBodies(await engine.getPayloadBodiesByHash([]), []);
    },
  },
  {
    name: "getPayloadBodiesByRange: canonical blocks, shorter where the chain ends",
    run: async ({ engine }, { blocks }) => {
      expectBodies(await engine.getPayloadBodiesByRange(1, blocks.length), blocks);
      expectBodies(await engine.getPayloadBodiesByRange(2, 1), [blocks[1]]);
      expectBodies(await engine.getPayloadBodiesByRange(blocks.length, MOST_BODIES), blocks.slice(-1));
      expectBodies(await engine.getPayloadBodiesByRange(blocks.length + 1, 5), []);
    },
  },
  {
    name: "getPayloadBodiesByRange: no start or count below 1",
    run: async ({ engine }) => {
      await expectEngineError(ENGINE_ERROR.invalidParams, engine.getPayloadBodiesByRange(0, 1));
      await expectEngineError(ENGINE_ERROR.invalidParams, engine.getPayloadBodiesByRange(1, 0));
    },
  },
  {
    name: `getPayloadBodies: no more than ${MOST_BODIES}`,
    run: async ({ engine }, { blocks }) => {
      const byRange = engine.getPayloadBodiesByRange(1, MOST_BODIES + 1);
      await expectEngineError(ENGINE_ERROR.tooLargeRequest, byRange);
      const byHash = engine.getPayloadBodiesByHash(new Array(MOST_BODIES + 1).fill(blocks[0].blockHash));
      await expectEngineError(ENGINE_ERROR.tooLargeRequest, byHash);
    },
  },
  {
    name: "getBalance: the coinbase has its reward, and had less before",
    run: async ({ engine }, { blocks, genesis }) => {
      const [{ block, blockHash, inputs }] = blocks;
      const address = block.header.coinbaseAddress.recipient;
      for (const [tokenId, reward] of inputs.blockReward) {
        const after = await engine.getBalance({ blockHash, address, tokenId });
        expectEqual(`has ${reward} of token ${tokenId} at least`, after >= reward, true);
        const before = await engine.getBalance({ blockHash: genesis.blockHash, address, tokenId });
        if (block.transactions.length === 0) expectEqual("had less before", before < after || reward === 0n, true);
      }
    },
  },
  {
    name: "getBalance: an absent account has nothing, an unknown block is an error",
    run: async ({ engine }, { blocks }) => {
      const tokenId = 0xabcdefn;
      const { blockHash } = blocks[0];
      expectEqual("balance", await engine.getBalance({ blockHash, address: ZERO_ADDRESS, tokenId }), 0n);
      const unknown = engine.getBalance({ blockHash: otherHash(blockHash), address: ZERO_ADDRESS, tokenId });
      await expectEngineError(ENGINE_ERROR.server, unknown);
    },
  },
];
