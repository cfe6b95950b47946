import { afterAll, describe, expect, test } from "vitest";
import { type MinorBlock, minorHeaderHash, minorMetaHash } from "../../node/chain/minor-block.ts";
import { asHash32, type Hash32, toHex, ZERO_ADDRESS, ZERO_HASH } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { HARDFORK_NAMES, ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import type { QkcPayload } from "../../node/engine/engine-api.ts";
import { ENGINE_ERROR } from "../../node/engine/engine-error.ts";
import { insertAsHead, makeHead, OpenNodes } from "./open-nodes.testkit.ts";
import type { SmallPayload } from "./small-payloads.testkit.ts";

const nodes = new OpenNodes();
const { chain } = nodes;
afterAll(() => nodes.close());

const SHARD = 65539;
const UNKNOWN = asHash32(new Uint8Array(32).fill(7));

function canonical(fullShardId = SHARD): SmallPayload[] {
  return [...chain.canonicalPayloads(fullShardId)];
}

/** The payload with a changed header that hashes to what it says. */
function withHeader({ block, inputs }: QkcPayload, change: Partial<MinorBlock["header"]>): QkcPayload {
  const header = { ...block.header, ...change };
  return { blockHash: minorHeaderHash(header), block: { ...block, header }, inputs };
}

function withMeta(payload: QkcPayload, change: Partial<MinorBlock["meta"]>): QkcPayload {
  const meta = { ...payload.block.meta, ...change };
  return withHeader({ ...payload, block: { ...payload.block, meta } }, { metaHash: minorMetaHash(meta) });
}

describe("newPayload", () => {
  test.each(chain.fullShardIds)(
    "executes every block of shard %i, side blocks among them, to what it declares",
    async (id) => {
      const node = await nodes.empty(id);
      let sideBlocks = 0;
      for (const { payload, exported } of chain.payloads(id)) {
        const { status, computed, latestValidHash } = await node.newPayload(payload);
        expect([exported.height, status]).toEqual([exported.height, "VALID"]);
        expect(latestValidHash).toBe(payload.blockHash);
        expect(toHex(computed!.blockHash)).toBe(exported.hash);
        expect(toHex(computed!.stateRoot)).toBe(exported.stateRoot);
        expect(toHex(computed!.receiptRoot)).toBe(exported.receiptRoot);
        expect(toHex(keccak256(computed!.bloom))).toBe(exported.bloomKeccak);
        expect(computed!.xshardSends).toHaveLength(exported.xshardOut);
        if (!exported.canonical) sideBlocks++;
      }
      expect(sideBlocks).toBeGreaterThan(0);
    },
  );

  test("answers a known block at once, also after the node was opened again, and does not execute it", async () => {
    const folder = nodes.newFolder();
    const [genesis, first] = canonical();
    const node = await nodes.at(folder, SHARD);
    await insertAsHead(node, genesis);
    const status = await node.newPayload(first.payload);
    const withoutInputs = {
      ...first.payload,
      get inputs(): never {
        throw new Error("it is executed");
      },
    };
    expect(await node.newPayload(withoutInputs)).toEqual(status);
    await node.close();
    const again = await nodes.at(folder, SHARD);
    expect(await again.newPayload(withoutInputs)).toEqual(status);
    expect((await again.chainIdentity()).genesisHash).toEqual(genesis.payload.blockHash);
  });

  test("takes calls that do not wait for each other in their order", async () => {
    const node = await nodes.empty(SHARD);
    const blocks = canonical();
    const statuses = await Promise.all(
      blocks.flatMap(({ payload }) => [
        node.newPayload(payload).then(({ status }) => status),
        makeHead(node, payload.blockHash).then(({ payloadStatus }) => payloadStatus.status),
      ]),
    );
    expect(new Set(statuses)).toEqual(new Set(["VALID"]));
    expect((await node.chainIdentity()).head?.height).toBe(chain.tipHeight(SHARD));
  });

  test("says SYNCING of a block whose parent it has not, and takes it later", async () => {
    const node = await nodes.empty(SHARD);
    const [genesis, first] = canonical();
    expect(await node.newPayload(first.payload)).toMatchObject({ status: "SYNCING", latestValidHash: null });
    await node.newPayload(genesis.payload);
    expect((await node.newPayload(first.payload)).status).toBe("VALID");
  });

  const lies: readonly [string, (payload: QkcPayload) => QkcPayload, string | RegExp][] = [
    ["blockHash", (payload) => ({ ...payload, blockHash: UNKNOWN }), "blockHash"],
    ["metaHash", (payload) => withHeader(payload, { metaHash: UNKNOWN }), "metaHash"],
    ["merkleRoot", (payload) => withMeta(payload, { merkleRoot: UNKNOWN }), "merkleRoot"],
    ["branch", (payload) => withHeader(payload, { branch: 65538 }), "branch"],
    ["height", (payload) => withHeader(payload, { height: payload.block.header.height + 1 }), "height"],
    ["stateRoot", (payload) => withMeta(payload, { stateRoot: UNKNOWN }), "stateRoot"],
    ["receiptRoot", (payload) => withMeta(payload, { receiptRoot: UNKNOWN }), "receiptRoot"],
    ["gasUsed", (payload) => withMeta(payload, { gasUsed: payload.block.meta.gasUsed + 1n }), "gasUsed"],
    ["xshardReceiveGasUsed", (payload) => withMeta(payload, { xshardReceiveGasUsed: 77n }), "xshardReceiveGasUsed"],
    [
      "xshardCursor",
      (payload) =>
        withMeta(payload, { xshardCursor: { rootBlockHeight: 1, minorBlockIndex: 9, xshardDepositIndex: 9 } }),
      "xshardCursor",
    ],
    ["bloom", (payload) => withHeader(payload, { bloom: new Uint8Array(256).fill(1) }), "bloom"],
    [
      "coinbaseAmounts",
      (payload) => withHeader(payload, { coinbaseAmounts: new Map([[35760n, 1n]]) }),
      "coinbaseAmounts",
    ],
  ];
  test.each(lies)("refuses a block that lies in %s, stores nothing of it, and goes on", async (_, lie, field) => {
    const blocks = canonical();
    const height = blocks.findIndex(({ exported }) => exported.height > 5 && exported.txCount > 0);
    const node = await nodes.fed(SHARD, height - 1);
    const fresh = () => canonical()[height];
    const lying = lie(fresh().payload);
    const answer = await node.newPayload(lying);
    expect(answer.status).toBe("INVALID");
    expect(answer.validationError).toMatchObject({ kind: "mismatch", fields: [{ field }] });
    expect(node.store.hasExecuted(lying.blockHash)).toBe(false);
    expect(await node.newPayload(fresh().payload)).toMatchObject({ status: "VALID" });
    expect((await node.newPayload(canonical()[height + 1].payload)).status).toBe("VALID");
  });

  test("tells a transaction that is not valid, and refuses what builds on the block", async () => {
    const blocks = canonical();
    const height = blocks.findIndex(({ exported }) => exported.height > 5 && exported.txCount > 1);
    const node = await nodes.fed(SHARD, height - 1);
    const { payload } = canonical()[height];
    const transactions = [payload.block.transactions[0], payload.block.transactions[0]];
    const twice = withBody(payload, transactions);
    const answer = await node.newPayload(twice);
    expect(answer).toMatchObject({ status: "INVALID", validationError: { kind: "rejected", transactionIndex: 1 } });
    expect(answer.latestValidHash).toEqual(payload.block.header.prevMinorBlockHash);

    const child = withHeader(canonical()[height + 1].payload, { prevMinorBlockHash: twice.blockHash });
    const ofChild = await node.newPayload(child);
    expect(ofChild.status).toBe("INVALID");
    expect(ofChild.latestValidHash).toEqual(payload.block.header.prevMinorBlockHash);
    const grandchild = withHeader(child, { prevMinorBlockHash: child.blockHash });
    expect(await node.newPayload(grandchild)).toMatchObject({
      status: "INVALID",
      latestValidHash: answer.latestValidHash,
    });
    expect((await makeHead(node, child.blockHash)).payloadStatus).toMatchObject({ status: "INVALID" });
  });

  test("takes a block that was refused for what came with it", async () => {
    const node = await nodes.fed(SHARD, 0);
    const first = () => canonical()[1].payload;
    const inputs = { ...first().inputs, blockReward: new Map([[35760n, 1n]]) };
    expect((await node.newPayload({ ...first(), inputs })).status).toBe("INVALID");
    expect((await node.newPayload(first())).status).toBe("VALID");
  });

  test("refuses a genesis block that the configuration does not make", async () => {
    const node = await nodes.empty(SHARD);
    const { payload } = canonical()[0];
    const answer = await node.newPayload(withMeta(payload, { stateRoot: UNKNOWN }));
    expect(answer).toMatchObject({ status: "INVALID", validationError: { fields: [{ field: "stateRoot" }, {}, {}] } });
    expect((await node.newPayload(withHeader(payload, { prevRootBlockHash: UNKNOWN }))).status).toBe("INVALID");
    expect((await node.newPayload(payload)).status).toBe("VALID");
  });
});

function withBody(payload: QkcPayload, transactions: MinorBlock["transactions"]): QkcPayload {
  const { merkleRoot } = payload.block.meta;
  const block = { ...payload.block, transactions };
  const root = rootOf(transactions);
  expect(root).not.toEqual(merkleRoot);
  return withMeta({ ...payload, block }, { merkleRoot: root });
}

/** Of two transactions (core.py calculate_merkle_root). */
function rootOf([a, b]: MinorBlock["transactions"]): Hash32 {
  return keccak256(keccak256(a.hash, b.hash), new Uint8Array([0, 0, 0, 0, 0, 0, 0, 2]));
}

describe("forkchoiceUpdated", () => {
  test("follows a side chain and comes back: heights and transactions are those of the head's chain", async () => {
    for (const id of chain.fullShardIds) {
      const node = await nodes.empty(id);
      const all = [...chain.payloads(id)];
      for (const { payload } of all) await node.newPayload(payload);
      const tip = all.findLast(({ exported }) => exported.canonical)!;
      await makeHead(node, tip.payload.blockHash);
      for (const side of all.filter(({ exported }) => !exported.canonical)) {
        await makeHead(node, side.payload.blockHash);
        expectCanonical(node, side, all);
        await makeHead(node, tip.payload.blockHash);
        expectCanonical(node, tip, all);
      }
    }
  });

  function expectCanonical(
    node: Awaited<ReturnType<OpenNodes["empty"]>>,
    head: SmallPayload,
    all: readonly SmallPayload[],
  ): void {
    const byHash = new Map(all.map((item) => [item.exported.hash, item]));
    const ancestors = new Set<string>();
    for (let at: SmallPayload | undefined = head; at !== undefined; ) {
      ancestors.add(at.exported.hash);
      const { header }: MinorBlock = at.payload.block;
      at = header.height === 0 ? undefined : byHash.get(toHex(header.prevMinorBlockHash));
    }
    const { height } = head.exported;
    expect(node.headBlock()?.hash).toEqual(head.payload.blockHash);
    expect(node.store.canonicalHash(height + 1)).toBeUndefined();
    const mined = new Map<string, string>();
    for (const { exported, payload } of all) {
      expect(node.store.isCanonical(payload.blockHash, exported.height)).toBe(ancestors.has(exported.hash));
      if (!ancestors.has(exported.hash)) continue;
      for (const { hash } of payload.block.transactions) mined.set(toHex(hash), exported.hash);
    }
    for (const { payload } of all) {
      for (const { hash } of payload.block.transactions) {
        const place = node.store.placeOf(hash);
        expect(place === undefined ? undefined : toHex(place.blockHash)).toBe(mined.get(toHex(hash)));
      }
    }
  }

  test("goes back as far as the genesis block and forward again", async () => {
    const node = await nodes.fed(SHARD, 40);
    const blocks = canonical();
    await makeHead(node, blocks[0].payload.blockHash);
    expect(node.store.canonicalHash(1)).toBeUndefined();
    expect((await makeHead(node, blocks[40].payload.blockHash)).payloadStatus.status).toBe("VALID");
    expect(node.store.canonicalHash(20)).toEqual(blocks[20].payload.blockHash);
  });

  test("is SYNCING for a head it has not, and refuses marks that are no ancestors", async () => {
    const node = await nodes.empty(SHARD);
    const all = [...chain.payloads(SHARD)];
    for (const { payload } of all) await node.newPayload(payload);
    const head = all.findLast(({ exported }) => exported.canonical)!.payload.blockHash;
    const side = all.find(({ exported }) => !exported.canonical)!.payload.blockHash;
    expect((await makeHead(node, UNKNOWN)).payloadStatus).toMatchObject({ status: "SYNCING", latestValidHash: null });
    const refused = { rpcCode: ENGINE_ERROR.invalidForkchoiceState };
    await expect(makeHead(node, ZERO_HASH)).rejects.toMatchObject(refused);
    for (const wrong of [side, UNKNOWN]) {
      const state = { headBlockHash: head, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
      await expect(node.forkchoiceUpdated({ ...state, safeBlockHash: wrong })).rejects.toMatchObject(refused);
      await expect(node.forkchoiceUpdated({ ...state, finalizedBlockHash: wrong })).rejects.toMatchObject(refused);
    }
    expect(node.headBlock()).toBeUndefined();
    const finalized = all.find(({ exported }) => exported.canonical && exported.height === 9)!.payload.blockHash;
    const state = { headBlockHash: head, safeBlockHash: finalized, finalizedBlockHash: finalized };
    expect((await node.forkchoiceUpdated(state)).payloadStatus.status).toBe("VALID");
    expect(node.store.forkchoice).toEqual({ head, safe: finalized, finalized });
  });
});

describe("getPayload", () => {
  test("makes the very block that pyquarkchain made, but for its seal, and leaves out what is not valid", async () => {
    const node = await nodes.empty(SHARD);
    const others = canonical().flatMap(({ payload }) => payload.block.transactions);
    let built = 0;
    for (const item of canonical()) {
      const { header, meta, transactions } = item.payload.block;
      if (header.height > 0) {
        const fresh = canonical()[header.height].payload;
        const { payloadId } = await makeHead(node, header.prevMinorBlockHash, {
          timestamp: header.createTime,
          suggestedFeeRecipient: header.coinbaseAddress,
          prevRootBlockHash: header.prevRootBlockHash,
          difficulty: header.difficulty,
          xshardGasLimit: meta.xshardGasLimit,
          // One that is in the chain already cannot come again.
          transactions: [...transactions.slice(0, 1), ...others.slice(0, 1), ...transactions.slice(1)],
          inputs: fresh.inputs,
        });
        const { payload, computed } = await node.getPayload(payloadId!);
        if (header.height > 12) {
          const seal = { nonce: header.nonce, mixhash: header.mixhash, extraData: header.extraData };
          expect({ ...payload.block.header, ...seal }).toEqual(header);
          expect(payload.block.meta).toEqual(meta);
          expect(computed.blockHash).toEqual(payload.blockHash);
          const ownBlock = await node.newPayload(payload);
          expect(ownBlock).toMatchObject({
            status: "VALID",
            computed: { depositsConsumed: computed.depositsConsumed },
          });
          built++;
        }
      }
      expect((await node.newPayload(item.payload)).status).toBe("VALID");
    }
    expect(built).toBeGreaterThan(30);
  });

  test("refuses attributes that no block can have, and payloads nobody began", async () => {
    const node = await nodes.fed(SHARD, 3);
    const { header } = node.headBlock()!.block;
    const attributes = {
      timestamp: header.createTime,
      suggestedFeeRecipient: { recipient: ZERO_ADDRESS, fullShardKey: SHARD },
      prevRootBlockHash: header.prevRootBlockHash,
      difficulty: 1n,
      xshardGasLimit: 6_000_000n,
      transactions: [],
      inputs: canonical()[4].payload.inputs,
    };
    const refused = { rpcCode: ENGINE_ERROR.invalidPayloadAttributes };
    await expect(makeHead(node, node.headBlock()!.hash, attributes)).rejects.toMatchObject(refused);
    await expect(node.getPayload("0x0000000000000000")).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.unknownPayload });
  });
});

describe("bodies", () => {
  test("come by hash and by height; what is not there is null or cut off", async () => {
    const node = await nodes.fed(SHARD, 20);
    const blocks = canonical();
    const wanted = blocks.slice(5, 8).map(({ payload }) => payload);
    const bodies = wanted.map(({ block }) => ({ transactions: block.transactions }));
    expect(await node.getPayloadBodiesByHash([wanted[0].blockHash, UNKNOWN, wanted[2].blockHash])).toEqual([
      bodies[0],
      null,
      bodies[2],
    ]);
    expect(await node.getPayloadBodiesByRange(5, 3)).toEqual(bodies);
    expect(await node.getPayloadBodiesByRange(19, 10)).toHaveLength(2);
    expect(await node.getPayloadBodiesByRange(21, 10)).toEqual([]);
    await expect(node.getPayloadBodiesByRange(0, 1)).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.invalidParams });
    const tooMany = { rpcCode: ENGINE_ERROR.tooLargeRequest };
    await expect(node.getPayloadBodiesByRange(1, 1025)).rejects.toMatchObject(tooMany);
    await expect(node.getPayloadBodiesByHash(new Array(1025).fill(UNKNOWN))).rejects.toMatchObject(tooMany);
  });
});

describe("a data directory", () => {
  test("belongs to one process, one shard, one configuration and one rule set", async () => {
    const folder = nodes.newFolder();
    const node = await nodes.at(folder, SHARD);
    await expect(nodes.at(folder, SHARD)).rejects.toThrow(/in use by another process/);
    await node.close();
    await expect(nodes.at(folder, 1)).rejects.toThrow(/holds another chain \(shard 65539 instead of 1/);
    const config = { ...chain.config, networkId: 99 };
    await expect(nodes.at(folder, SHARD, { config })).rejects.toThrow(/network 1 instead of 99; configuration/);
    const rules = ruleSet(HARDFORK_NAMES[1]);
    await expect(nodes.at(folder, SHARD, { rules })).rejects.toThrow(/rules quarkchain instead of istanbul/);
    await (await nodes.at(folder, SHARD)).close();
  });
});
