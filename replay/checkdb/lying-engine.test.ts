import { describe, expect, test } from "vitest";
import { type Lie, LyingClient } from "../../node/el/lying-executor.testkit.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";
import { FIXTURE, flipped } from "./twin-chain.testkit.ts";
import { type CheckAnswer, checkInProcess } from "./twin-check.testkit.ts";

/** A block in the tip root block that sends deposits. */
const TARGET = { fullShardId: 65538, height: 63 };

/** Checks the honest database with an engine that lies about one block. */
function checkWith(lie: Lie): Promise<CheckAnswer> {
  return checkInProcess(FIXTURE, {
    last: 1,
    wrapEngine: (engine) =>
      new LyingClient(engine, (truth, payload) => {
        const isTarget = payload.fullShardId === TARGET.fullShardId && payload.height === TARGET.height;
        return isTarget ? lie(truth, payload) : truth;
      }),
  });
}

/** Executed as it should, but for one field. */
function lieAbout(change: (computed: ExecutionResult) => Partial<ExecutionResult>): Lie {
  return (truth) => {
    if (truth.status === "INVALID") throw new Error("the fixture's blocks are valid");
    return { status: "EXECUTED", computed: { ...truth.computed, ...change(truth.computed) } };
  };
}

const LIES: Readonly<Record<string, (computed: ExecutionResult) => Partial<ExecutionResult>>> = {
  stateRoot: ({ stateRoot }) => ({ stateRoot: flipped(stateRoot) }),
  receiptRoot: ({ receiptRoot }) => ({ receiptRoot: flipped(receiptRoot, 31) }),
  bloom: ({ bloom }) => ({ bloom: flipped(bloom, 255) }),
  gasUsed: ({ gasUsed }) => ({ gasUsed: gasUsed - 1n }),
  xshardReceiveGasUsed: ({ xshardReceiveGasUsed }) => ({ xshardReceiveGasUsed: xshardReceiveGasUsed + 1n }),
  xshardCursor: ({ xshardCursor }) => ({ xshardCursor: { ...xshardCursor, xshardDepositIndex: 1 } }),
  coinbaseAmounts: ({ coinbaseAmounts }) => ({ coinbaseAmounts: new Map([...coinbaseAmounts, [1n, 1n]]) }),
  xshardSends: ({ xshardSends }) => ({ xshardSends: xshardSends.slice(1) }),
};

describe("an engine that lies about one field of one block", () => {
  test.each(Object.entries(LIES))("%s", async (field, change) => {
    const { exitCode, report } = await checkWith(lieAbout(change));
    expect(exitCode).toBe(2);
    expect(report?.divergences).toMatchObject([{ ...TARGET, fields: [{ field }], violations: [] }]);
    expect(report?.divergences[0].fields).toHaveLength(1);
  });

  test("a token with amount 0, which no header can declare", async () => {
    const change = lieAbout(({ coinbaseAmounts }) => ({ coinbaseAmounts: new Map([...coinbaseAmounts, [1n, 0n]]) }));
    const { report } = await checkWith(change);
    expect(report?.divergences).toMatchObject([{ ...TARGET, fields: [{ field: "coinbaseAmounts" }] }]);
  });

  test.each([
    ["its value", { value: 77n }],
    ["its refund rate", { refundRate: 1 }],
    ["its gas", { gasRemained: 1n }],
  ])("a send with %s altered", async (_, change) => {
    const lie = lieAbout(({ xshardSends: [first, ...rest] }) => ({ xshardSends: [{ ...first, ...change }, ...rest] }));
    const { report } = await checkWith(lie);
    expect(report?.divergences).toMatchObject([{ ...TARGET, fields: [{ field: "xshardSends" }] }]);
  });

  test("INVALID for a valid payload", async () => {
    const { exitCode, report, text } = await checkWith(() => ({
      status: "INVALID",
      rejection: { transactionIndex: 2, reason: "no reason" },
    }));
    expect(exitCode).toBe(2);
    expect(report?.divergences).toMatchObject([
      { ...TARGET, fields: [], violations: [{ code: "EXECUTION_INVALID", message: "transaction 2: no reason" }] },
    ]);
    expect(text).toContain("EXECUTION_INVALID: transaction 2: no reason");
  });

  test("an honest one is believed", async () => {
    expect((await checkWith((truth) => truth)).exitCode).toBe(0);
  });
});
