import { QKC_CAPABILITIES } from "../../../node/engine/api/methods.ts";
import { compareDeclared } from "../../../node/engine/compare-block.ts";
import type { EngineApi, PayloadStatus, QkcPayload } from "../../../node/engine/engine-api.ts";
import { changedBlock } from "./chain-sample.ts";
import { type Check, expectEqual, expectHash, expectHead, expectStatus, setHead } from "./check.ts";
import { CheckFailure } from "./check-outcome.ts";

/** What an engine is and that it takes a chain from its genesis block on. The checks after these build on the chain. */
export const FOUNDATION_CHECKS: readonly Check[] = [
  {
    name: "exchangeCapabilities: every method of the contract, none twice, not itself",
    isFoundation: true,
    run: async ({ engine }) => {
      const offered = await engine.exchangeCapabilities(QKC_CAPABILITIES);
      const missing = QKC_CAPABILITIES.filter((name) => !offered.includes(name));
      expectEqual("methods that are missing", missing.join(" "), "");
      expectEqual("methods, each counted once", new Set(offered).size, offered.length);
      expectEqual("lists itself", offered.includes("engine_exchangeCapabilities"), false);
    },
  },
  {
    name: "getClientVersion: one client at least",
    run: async ({ engine }) => {
      const caller = { code: "QK", name: "el-conformance", version: "1", commit: "0x00000000" };
      const versions = await engine.getClientVersion(caller);
      for (const { code } of versions) expectEqual(`code ${code} is two letters`, /^[A-Z]{2}$/.test(code), true);
      expectEqual("clients at least one", versions.length > 0, true);
    },
  },
  {
    name: "chainIdentity: this network, shard and genesis",
    isFoundation: true,
    run: async ({ engine }, sample) => {
      const identity = await engine.chainIdentity();
      expectEqual("networkId", identity.networkId, sample.networkId);
      expectEqual("fullShardId", identity.fullShardId, sample.fullShardId);
      expectHash("genesisStateRoot", identity.genesisStateRoot, sample.genesisStateRoot);
      if (identity.genesisHash !== null) expectHash("genesisHash", identity.genesisHash, sample.genesis.blockHash);
    },
  },
  {
    name: "newPayload: a genesis block that the configuration does not make",
    run: async ({ engine }, { genesis }) => {
      const { createTime } = genesis.block.header;
      const wrong = changedBlock(genesis, { header: { createTime: createTime + 1 } });
      expectStatus(await engine.newPayload(wrong), ["INVALID"], null);
    },
  },
  {
    name: "newPayload: the genesis block",
    isFoundation: true,
    run: async ({ engine }, { genesis }) => {
      expectStatus(await engine.newPayload(genesis), ["VALID"], genesis.blockHash);
      await setHead(engine, genesis.blockHash);
      const { genesisHash } = await engine.chainIdentity();
      expectHash("genesisHash", genesisHash, genesis.blockHash);
    },
  },
  {
    name: "newPayload: blocks in order are VALID and computed to what they declare",
    isFoundation: true,
    run: async ({ engine }, { blocks }) => {
      for (const payload of blocks) expectComputed(payload, await engine.newPayload(payload));
    },
  },
  {
    name: "newPayload: makes no block the head",
    run: ({ engine }, { genesis }) => expectHead(engine, genesis.blockHash),
  },
  {
    name: "newPayload: a block again gives the same answer",
    run: async ({ engine }, { blocks }) => {
      for (const payload of blocks) expectComputed(payload, await engine.newPayload(payload));
    },
  },
  {
    name: "forkchoiceUpdated: each block becomes the head in turn, confirmed up to its parent",
    isFoundation: true,
    run: async ({ engine }, sample) => {
      for (const payload of sample.blocks) await confirmParent(engine, payload);
    },
  },
];

async function confirmParent(engine: EngineApi, { blockHash, block }: QkcPayload): Promise<void> {
  const parentHash = block.header.prevMinorBlockHash;
  const state = { headBlockHash: blockHash, safeBlockHash: parentHash, finalizedBlockHash: parentHash };
  const { payloadStatus, payloadId } = await engine.forkchoiceUpdated(state);
  expectStatus(payloadStatus, ["VALID"], blockHash);
  expectEqual("payloadId without attributes", payloadId, null);
  const { head } = await engine.chainIdentity();
  expectEqual("head's height", head?.height ?? null, block.header.height);
  expectHash("head", head?.hash ?? null, blockHash);
}

function expectComputed(payload: QkcPayload, status: PayloadStatus): void {
  const { block, blockHash } = payload;
  const at = `block ${block.header.height}`;
  try {
    expectStatus(status, ["VALID"], blockHash);
  } catch (error) {
    throw new CheckFailure(`${at}: ${(error as Error).message}`, { cause: error });
  }
  const { computed } = status;
  if (computed === null) throw new CheckFailure(`${at}: computed is null`);
  const [difference] = compareDeclared(block, computed);
  if (difference !== undefined) {
    const { field, declared } = difference;
    throw new CheckFailure(`${at}: computed ${field}: ${declared} expected, got ${difference.computed}`);
  }
  expectHash(`${at}: computed blockHash`, computed.blockHash, blockHash);
  expectHash(`${at}: computed metaHash`, computed.metaHash, block.header.metaHash);
}
