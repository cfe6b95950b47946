import { rmSync } from "node:fs";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ZERO_HASH } from "../../node/codec/bytes.ts";
import { EngineUnavailableError } from "../../node/engine/client/engine-failures.ts";
import type { EngineApi, PayloadStatus } from "../../node/engine/engine-api.ts";
import { alteredEngine, lyingEngine } from "./lying-engine.testkit.ts";
import { lasting, type ReplayRun, replayFolder, replayInProcess, storesOf } from "./replay-run.testkit.ts";

const SYNCING: PayloadStatus = { status: "SYNCING", latestValidHash: null, validationError: null, computed: null };

let uninterrupted: { readonly run: ReplayRun; readonly stores: Awaited<ReturnType<typeof storesOf>> };
beforeAll(async () => {
  const other = replayFolder();
  try {
    const run = await replayInProcess({ datadir: other.path, to: TO });
    uninterrupted = { run, stores: await storesOf(other.path) };
  } finally {
    other.remove();
  }
});

let folder: ReturnType<typeof replayFolder>;
beforeEach(() => {
  folder = replayFolder();
});
afterEach(() => folder.remove());

const TO = 3;

/** A replay whose engine of shard 65538 is another one, and the same run continued with a good one. */
async function failedAndContinued(broken: (engine: EngineApi) => EngineApi) {
  const failed = await replayInProcess({ datadir: folder.path, to: TO }, (engine, fullShardId) =>
    fullShardId === 65538 ? broken(engine) : engine,
  );
  const continued = await replayInProcess({ datadir: folder.path, to: TO, resume: true });
  return { failed, continued };
}

async function expectSameAsUninterrupted(continued: ReplayRun): Promise<void> {
  expect(lasting(continued.report)).toEqual(lasting(uninterrupted.run.report));
  expect(await storesOf(folder.path)).toEqual(uninterrupted.stores);
}

/** Lies from the n-th block on. */
function fromBlock(height: number, lie: (truth: PayloadStatus) => PayloadStatus) {
  return (engine: EngineApi) =>
    lyingEngine(engine, (truth, { block }) => (block.header.height >= height ? lie(truth) : truth));
}

describe("an engine that gives no usable answer ends the run with a clear word, and the run can be continued", () => {
  test.each([
    ["SYNCING for ever", () => SYNCING, /answers SYNCING to block 5, 5 times/],
    ["ACCEPTED", () => ({ ...SYNCING, status: "ACCEPTED" as const }), /answers ACCEPTED to block 5/],
    [
      "VALID without what was computed",
      (truth: PayloadStatus) => ({ ...truth, computed: null }),
      /without saying what/,
    ],
    [
      "VALID for another block",
      (truth: PayloadStatus) => ({ ...truth, latestValidHash: ZERO_HASH }),
      /names another block as the latest valid one/,
    ],
    [
      "a status that is none",
      (truth: PayloadStatus) => ({ ...truth, status: "FINE" as "VALID" }),
      /which is no status/,
    ],
  ])("%s", async (_, lie, message) => {
    const { failed, continued } = await failedAndContinued(fromBlock(5, lie));
    expect(failed.exitCode).toBe(1);
    expect(failed.error).toMatch(message);
    expect(failed.error).toContain("shard 65538");
    await expectSameAsUninterrupted(continued);
  });

  test("a head that it does not take", async () => {
    let calls = 0;
    const { failed, continued } = await failedAndContinued((engine) =>
      alteredEngine(engine, {
        forkchoiceUpdated: async (state) =>
          ++calls > 3 ? { payloadStatus: SYNCING, payloadId: null } : await engine.forkchoiceUpdated(state),
      }),
    );
    expect(failed).toMatchObject({ exitCode: 1, error: expect.stringContaining("answers SYNCING to the head") });
    await expectSameAsUninterrupted(continued);
  });

  test("nobody answers any more", async () => {
    const { failed, continued } = await failedAndContinued((engine) =>
      alteredEngine(engine, {
        newPayload: async (payload) => {
          if (payload.block.header.height < 5) return await engine.newPayload(payload);
          throw new EngineUnavailableError("the engine cannot be reached (given up after 20 attempts)");
        },
      }),
    );
    expect(failed).toMatchObject({ exitCode: 1, error: expect.stringContaining("given up after 20 attempts") });
    await expectSameAsUninterrupted(continued);
  });

  test("a genesis block that it does not take", async () => {
    const { failed } = await failedAndContinued(
      fromBlock(0, (truth) => ({ ...truth, status: "INVALID", computed: null })),
    );
    expect(failed).toMatchObject({ exitCode: 1, error: expect.stringContaining("does not take the genesis block") });
  });
});

describe("an engine that has lost what it acknowledged", () => {
  test("is fed again, without counting anything twice", async () => {
    await replayInProcess({ datadir: folder.path, to: TO });
    rmSync(`${folder.path}/el-65538`, { recursive: true });
    const continued = await replayInProcess({ datadir: folder.path, to: TO, resume: true });
    expect(continued.exitCode).toBe(0);
    await expectSameAsUninterrupted(continued);
  });
});
