import { afterAll, expect, test } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import type { EngineClient } from "../../node/el/block-executor.ts";
import { GOQUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { checkInProcess } from "../checkdb/twin-check.testkit.ts";

const directory = new GoquarkchainDirectory({ archive: true });
afterAll(() => directory.remove());

/** Stands for an execution by the first client's rules that differs at one block. */
function differingAt(height: number): (engine: EngineClient) => EngineClient {
  return (engine) => ({
    newPayload: async (payload) => {
      const outcome = await engine.newPayload(payload);
      if (payload.height !== height || outcome.status === "INVALID") return outcome;
      return { status: "EXECUTED", computed: { ...outcome.computed, gasUsed: outcome.computed.gasUsed + 1n } };
    },
    getBalance: (request) => engine.getBalance(request),
    call: (call) => engine.call(call),
  });
}

test("a block that only the other client's rules explain is a divergence, with a note that says so", async () => {
  const wrapEngine = differingAt(7);
  const { exitCode, report } = await checkInProcess(directory.dir, {
    config: GOQKC_CONFIG,
    shard: [1],
    to: 5,
    wrapEngine,
  });
  expect(exitCode).toBe(2);
  expect(report?.divergences.map(({ height, fields }) => [height, fields.map(({ field }) => field)])).toEqual([
    [7, ["gasUsed"]],
  ]);
  // The rules themselves match what is declared: it is the engine that differs.
  expect(report?.divergences[0].class).toBe("unexplained/not-reproduced");
  const notes = report?.warnings.filter((warning) => warning.includes(`rules of ${GOQUARKCHAIN_RULES.name}`));
  expect(notes).toEqual([
    expect.stringMatching(/^shard 1 block 7 \([0-9a-f]{64}\) differs, but the rules of goquarkchain give exactly/),
  ]);
});
