import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ComputedBlock, PayloadStatus } from "../../node/engine/engine-api.ts";
import { flipped } from "../checkdb/twin-chain.testkit.ts";
import { lyingEngine } from "./lying-engine.testkit.ts";
import { replayFolder, replayInProcess } from "./replay-run.testkit.ts";

/** A block that root block 4 confirms, and that sends deposits. */
const TARGET = { fullShardId: 131073, height: 13 };

let folder: ReturnType<typeof replayFolder>;
beforeEach(() => {
  folder = replayFolder();
});
afterEach(() => folder.remove());

/** Replays with an engine that lies about one block. */
function replayWith(lie: (truth: PayloadStatus) => PayloadStatus) {
  return replayInProcess({ datadir: folder.path, to: 4, shards: [TARGET.fullShardId] }, (engine) =>
    lyingEngine(engine, (truth, { block }) => (block.header.height === TARGET.height ? lie(truth) : truth)),
  );
}

/** VALID, but for one field of what it says it computed. */
function lieAbout(change: (computed: ComputedBlock) => Partial<ComputedBlock>) {
  return (truth: PayloadStatus): PayloadStatus => {
    const { computed } = truth;
    if (computed === null) throw new Error("the fixture's blocks are executed");
    return { ...truth, computed: { ...computed, ...change(computed) } };
  };
}

const LIES: Readonly<Record<string, (computed: ComputedBlock) => Partial<ComputedBlock>>> = {
  headerHash: ({ blockHash }) => ({ blockHash: flipped(blockHash) }),
  metaHash: ({ metaHash }) => ({ metaHash: flipped(metaHash) }),
  stateRoot: ({ stateRoot }) => ({ stateRoot: flipped(stateRoot) }),
  receiptRoot: ({ receiptRoot }) => ({ receiptRoot: flipped(receiptRoot, 31) }),
  bloom: ({ bloom }) => ({ bloom: flipped(bloom, 255) }),
  gasUsed: ({ gasUsed }) => ({ gasUsed: gasUsed - 1n }),
  xshardReceiveGasUsed: ({ xshardReceiveGasUsed }) => ({ xshardReceiveGasUsed: xshardReceiveGasUsed + 1n }),
  xshardCursor: ({ xshardCursor }) => ({ xshardCursor: { ...xshardCursor, xshardDepositIndex: 1 } }),
  coinbaseAmounts: ({ coinbaseAmounts }) => ({ coinbaseAmounts: new Map([...coinbaseAmounts, [1n, 0n]]) }),
  xshardSends: ({ xshardSends }) => ({ xshardSends: xshardSends.slice(1) }),
  depositsConsumed: ({ depositsConsumed }) => ({ depositsConsumed: depositsConsumed + 1 }),
};

describe("an engine that calls a block VALID and lies about one field", () => {
  test.each(Object.entries(LIES))("%s", async (field, change) => {
    const { exitCode, report } = await replayWith(lieAbout(change));
    expect(exitCode).toBe(2);
    expect(report?.divergences).toMatchObject([{ ...TARGET, fields: [{ field }], violations: [] }]);
    expect(report?.divergences[0].fields).toHaveLength(1);
    expect(report?.stopped).toMatchObject({ rootHeight: report?.divergences[0].rootHeight });
  });

  test.each([
    ["its value", { value: 77n }],
    ["its refund rate", { refundRate: 1 }],
    ["a destination that does not exist", { to: { recipient: new Uint8Array(20) as never, fullShardKey: 0x7fff0000 } }],
    ["its own shard as destination", { to: { recipient: new Uint8Array(20) as never, fullShardKey: 0x20000 } }],
  ])("a send with %s", async (_, change) => {
    const lie = lieAbout(({ xshardSends: [first, ...rest] }) => ({ xshardSends: [{ ...first, ...change }, ...rest] }));
    const { exitCode, report } = await replayWith(lie);
    expect(exitCode).toBe(2);
    expect(report?.divergences).toMatchObject([{ ...TARGET, fields: [{ field: "xshardSends" }] }]);
  });

  test("an honest one is believed", async () => {
    expect((await replayWith((truth) => truth)).exitCode).toBe(0);
  });
});

describe("an engine that refuses a good block", () => {
  test("without a word", async () => {
    const { exitCode, report } = await replayWith((truth) => ({
      ...truth,
      status: "INVALID",
      latestValidHash: null,
      computed: null,
    }));
    expect(exitCode).toBe(2);
    expect(report?.divergences).toMatchObject([
      { ...TARGET, fields: [], violations: [{ code: "EXECUTION_INVALID", message: "the engine gave no reason" }] },
    ]);
  });

  test("although what it computed agrees", async () => {
    const { report } = await replayWith((truth) => ({
      ...truth,
      status: "INVALID",
      validationError: { kind: "mismatch", fields: [{ field: "gasUsed", declared: "1", computed: "2" }] },
    }));
    expect(report?.divergences[0].violations).toMatchObject([
      { message: "the engine refuses a block whose execution agrees with it: gasUsed 1 ≠ 2" },
    ]);
  });
});
