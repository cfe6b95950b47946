import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { rootGenesisBlock } from "../chain/genesis.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { rootBlockOn } from "../cl/chain-rules.testkit.ts";
import { asAddress, type Hash32, ZERO_HASH } from "../codec/bytes.ts";
import { QUARKCHAIN_RULES } from "../el/evm/rules.ts";
import { EngineUnavailableError } from "../engine/client/engine-failures.ts";
import { MirroredEngine } from "../engine/client/mirrored-engine.ts";
import type { EngineApi, PayloadStatus } from "../engine/engine-api.ts";
import { ExecutionNode } from "../execution-node/execution-node.ts";
import { LiveShard } from "./live-shard.testkit.ts";
import { storedPayload } from "./stored-payload.ts";

const SHARD = 2;
const START = 1_700_000_000_000;
const cluster = readFixtureConfig("defaults.json");

interface External {
  node: ExecutionNode;
  readonly folder: string;
  alter: (status: PayloadStatus) => PayloadStatus;
  /** Whether nobody answers. */
  isGone: boolean;
}

/** A shard whose external engine can be changed, restarted and lose what it has. */
class Mirrored {
  readonly shard: LiveShard;
  readonly fedAgain: readonly number[];
  readonly faults: readonly string[];
  readonly #external: External;

  private constructor(shard: LiveShard, fedAgain: readonly number[], faults: readonly string[], external: External) {
    this.shard = shard;
    this.fedAgain = fedAgain;
    this.faults = faults;
    this.#external = external;
  }

  static async open(): Promise<Mirrored> {
    const folder = mkdtempSync(join(tmpdir(), "qkc-external-"));
    const external = {
      node: await externalNode(folder),
      folder,
      alter: (status: PayloadStatus) => status,
      isGone: false,
    };
    const fedAgain: number[] = [];
    const faults: string[] = [];
    let now = START;
    const shard = await LiveShard.open({
      cluster,
      fullShardId: SHARD,
      clock: () => (now += 1000),
      engineOver: (own, chain) =>
        new MirroredEngine({
          fullShardId: SHARD,
          external: throughBox(external),
          own,
          payloadOf: (hash) => storedPayload(chain(), own, hash),
          onFedAgain: (count) => fedAgain.push(count),
          onFault: ({ message }) => faults.push(message),
        }),
    });
    const mirrored = new Mirrored(shard, fedAgain, faults, external);
    open.push(mirrored);
    return mirrored;
  }

  get externalHead(): Hash32 | undefined {
    return this.#external.node.headBlock()?.hash;
  }

  set alter(alter: (status: PayloadStatus) => PayloadStatus) {
    this.#external.alter = alter;
  }

  set isGone(isGone: boolean) {
    this.#external.isGone = isGone;
  }

  async block(n = 0): Promise<MinorBlock> {
    const recipient = asAddress(new Uint8Array(20).fill(n + 1));
    return await this.shard.templates.make({ recipient, fullShardKey: SHARD });
  }

  async grow(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const outcome = await this.shard.add(await this.block(n));
      expect(outcome.status).toBe("added");
    }
  }

  /** The external engine ends and starts again, with all that it had or with nothing. */
  async restart(keepsWhatItHas: boolean): Promise<void> {
    await this.#external.node.close();
    if (!keepsWhatItHas) rmSync(this.#external.folder, { recursive: true });
    this.#external.node = await externalNode(this.#external.folder);
  }

  async close(): Promise<void> {
    await this.shard.close();
    await this.#external.node.close();
    rmSync(this.#external.folder, { recursive: true });
  }
}

const open: Mirrored[] = [];
afterEach(async () => {
  for (const mirrored of open.splice(0)) await mirrored.close();
});

async function externalNode(folder: string): Promise<ExecutionNode> {
  return await ExecutionNode.open({
    folder,
    config: cluster.quarkchain,
    fullShardId: SHARD,
    rules: QUARKCHAIN_RULES,
    durability: "process",
    cacheBytes: 1 << 20,
    retention: "archive",
    version: "external",
  });
}

function throughBox(box: External): EngineApi {
  return {
    exchangeCapabilities: (methods) => box.node.exchangeCapabilities(methods),
    getClientVersion: (caller) => box.node.getClientVersion(caller),
    chainIdentity: () => box.node.chainIdentity(),
    newPayload: async (payload) => box.alter(await answering(box).newPayload(payload)),
    forkchoiceUpdated: async (state, attributes) => await answering(box).forkchoiceUpdated(state, attributes),
    getPayload: (payloadId) => box.node.getPayload(payloadId),
    getPayloadBodiesByHash: (hashes) => box.node.getPayloadBodiesByHash(hashes),
    getPayloadBodiesByRange: (start, count) => box.node.getPayloadBodiesByRange(start, count),
    getBalance: (request) => box.node.getBalance(request),
  };
}

function answering({ node, isGone }: External): ExecutionNode {
  if (isGone) throw new EngineUnavailableError("nobody answers");
  return node;
}

test("both engines execute every block and stand on one head", async () => {
  const mirrored = await Mirrored.open();
  await mirrored.grow(5);
  expect(mirrored.externalHead).toEqual(mirrored.shard.snapshot.head.hash);
  expect(mirrored.shard.node.headBlock()?.hash).toEqual(mirrored.shard.snapshot.head.hash);
  await mirrored.restart(true);
  await mirrored.grow(2);
  expect(mirrored.fedAgain).toEqual([]);
});

test("an external engine that lost everything is fed again, genesis and all, and the next block is taken", async () => {
  const mirrored = await Mirrored.open();
  await mirrored.grow(150);
  await mirrored.restart(false);
  await mirrored.grow(1);
  expect(mirrored.fedAgain).toEqual([151]);
  expect(mirrored.externalHead).toEqual(mirrored.shard.snapshot.head.hash);
}, 60_000);

test("a restart brings both to the head, whichever lacks blocks", async () => {
  const mirrored = await Mirrored.open();
  await mirrored.grow(10);
  await mirrored.restart(false);
  await mirrored.shard.chain.recover();
  expect(mirrored.fedAgain).toEqual([11]);
  expect(mirrored.externalHead).toEqual(mirrored.shard.snapshot.head.hash);
});

test("while nobody answers no block is added, root blocks are, and afterwards everything is as it should be", async () => {
  const mirrored = await Mirrored.open();
  await mirrored.grow(3);
  const block = await mirrored.block();
  mirrored.isGone = true;
  await expect(mirrored.shard.add(block)).rejects.toThrow("nobody answers");
  await mirrored.shard.addRoot(rootBlockOn(rootGenesisBlock(cluster.quarkchain).header, []));
  expect(mirrored.shard.snapshot).toMatchObject({ head: { height: 3 }, rootTip: { header: { height: 1 } } });
  mirrored.isGone = false;
  expect(await mirrored.shard.add(block)).toMatchObject({ status: "added" });
  await mirrored.grow(1);
  expect(mirrored.externalHead).toEqual(mirrored.shard.snapshot.head.hash);
});

test.each([
  [
    "another state",
    (status: PayloadStatus) => lied(status, { stateRoot: ZERO_HASH }),
    /computes stateRoot 0{64} for block 4,/,
  ],
  [
    "more gas",
    (status: PayloadStatus) => lied(status, { gasUsed: 1n }),
    /computes gasUsed 1 for block 4,.*own execution 0/,
  ],
  [
    "that it is no block",
    (status: PayloadStatus): PayloadStatus => ({
      ...status,
      status: "INVALID",
      validationError: { kind: "rejected", transactionIndex: null, reason: "I say so" },
    }),
    /calls block 4,.* INVALID, and this process's own execution calls it VALID/,
  ],
] as const)("a lie is named: %s", async (_, lie, named) => {
  const mirrored = await Mirrored.open();
  await mirrored.grow(3);
  const block = await mirrored.block();
  mirrored.alter = lie;
  await expect(mirrored.shard.add(block)).rejects.toThrow(named);
  expect(mirrored.faults).toEqual([expect.stringMatching(named)]);
  expect(mirrored.shard.snapshot.head.height).toBe(3);
  mirrored.alter = (status) => status;
  expect(await mirrored.shard.add(block)).toMatchObject({ status: "added" });
});

function lied(status: PayloadStatus, change: Partial<NonNullable<PayloadStatus["computed"]>>): PayloadStatus {
  return status.computed === null ? status : { ...status, computed: { ...status.computed, ...change } };
}
