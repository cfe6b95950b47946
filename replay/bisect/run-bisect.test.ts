import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import { QUARKCHAIN_INSTRUCTIONS } from "../../node/el/evm/opcodes.ts";
import { defineRules, QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { engineMethods } from "../../node/engine/server/engine-methods.ts";
import { startRpcServer } from "../../node/engine/server/rpc-server.ts";
import type { ExecutionNodeOptions } from "../../node/execution-node/execution-node.ts";
import { runDiff } from "../diff/run-diff.ts";
import { OpenNodes } from "../el/open-nodes.testkit.ts";
import type { Divergence } from "../report/schema.ts";
import { type BisectRequest, runBisect } from "./run-bisect.ts";

const DB = "fixtures/pyqkc-small";
const SHARD = 1;
const nodes = new OpenNodes();
afterAll(() => nodes.close());

interface Answer {
  readonly code: number;
  readonly executed: number;
  readonly divergence: Divergence | null;
  readonly folder: string;
}

async function bisect(options: Partial<BisectRequest>): Promise<Answer> {
  const folder = nodes.newFolder();
  const request = {
    db: DB,
    configPath: undefined,
    fullShardId: SHARD,
    good: 0,
    bad: undefined,
    rules: undefined,
    engine: undefined,
    reportFolder: folder,
    json: true,
    ...options,
  };
  const { code, text } = await captured(() => runBisect(request));
  return { code, folder, ...JSON.parse(text) };
}

async function captured(run: () => Promise<number>): Promise<{ code: number; text: string }> {
  let text = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((part) => {
    text += part;
    return true;
  });
  try {
    return { code: await run(), text };
  } finally {
    write.mockRestore();
  }
}

/** Heights that differ from what they declare under rules, each looked at alone. */
async function divergingHeights(rules: string, heights: readonly number[]): Promise<number[]> {
  const diverging: number[] = [];
  for (const height of heights) {
    const block = `${SHARD}:${height}`;
    const request = { db: DB, configPath: undefined, block, rules, against: undefined, json: true };
    const { code } = await captured(() => runDiff(request));
    if (code !== 0) diverging.push(height);
  }
  return diverging;
}

describe("qkc bisect", () => {
  it("finds nothing in a chain by its own rules", async () => {
    expect(await bisect({ bad: 20 })).toMatchObject({ code: 0, executed: 20, divergence: null });
  });

  it("finds the lowest block above GOOD, looks closer at it, and leaves a reproducer", async () => {
    const rules = "+1884";
    const first = await bisect({ rules });
    const height = first.divergence?.height ?? 0;
    expect(first).toMatchObject({ code: 2, executed: height });
    expect(
      await divergingHeights(
        rules,
        Array.from({ length: height }, (_, i) => i + 1),
      ),
    ).toEqual([height]);
    const { triage } = first.divergence as Divergence;
    expect(triage).toMatchObject({
      class: "EIP-1884",
      attribution: { switches: [{ name: "EIP-1884" }] },
      command: `qkc diff --db DIR --block ${first.divergence?.hash} --rules ${rules}`,
    });
    expect(triage?.unit).not.toBeNull();
    expect(triage?.step).not.toBeNull();
    expect(existsSync(join(first.folder, triage?.reproducer ?? "none"))).toBe(true);

    const next = await bisect({ rules, good: height });
    expect(next.divergence?.height).toBeGreaterThan(height);
    expect(await bisect({ rules, bad: height - 1 })).toMatchObject({ code: 0, divergence: null });
    expect(await bisect({ rules, good: height - 1, bad: height })).toMatchObject({ executed: 1 });
  });

  it("refuses an empty range, one above the tip, and a shard that is not there", async () => {
    await expect(bisect({ good: 5, bad: 5 })).rejects.toThrow(/range is empty/);
    await expect(bisect({ bad: 9999 })).rejects.toThrow(/height 9,999 not found; tip is 53/);
    await expect(bisect({ fullShardId: 77 })).rejects.toThrow(/no shard 77/);
  });
});

describe("qkc bisect --engine", () => {
  async function withEngine(change: Partial<ExecutionNodeOptions>, fed: number, bad?: number): Promise<Answer> {
    const node = fed < 0 ? await nodes.empty(SHARD, change) : await nodes.fed(SHARD, fed, change);
    const server = await startRpcServer({
      host: "127.0.0.1",
      port: 0,
      vhosts: ["localhost"],
      methods: engineMethods(node),
      onInternalError: (error) => expect.fail(String(error)),
    });
    try {
      return await bisect({ bad, engine: { url: server.url, jwtSecretPath: undefined } });
    } finally {
      await server.close();
    }
  }

  it("feeds an engine from its head on, and takes its word where it agrees", async () => {
    const { code, executed, divergence } = await withEngine({}, 10);
    expect({ code, divergence }).toEqual({ code: 0, divergence: null });
    expect(executed).toBeGreaterThan(10);
  });

  it("does not call a range clean of which an engine holds every block", async () => {
    await expect(withEngine({}, 10, 10)).rejects.toThrow(/holds block 10 already/);
  });

  it("finds the first block that an engine of other rules refuses, and what is other about it", async () => {
    const byRules = await bisect({ rules: "+1884" });
    const { code, divergence } = await withEngine({ rules: ruleSet("quarkchain+1884") }, -1);
    expect(code).toBe(2);
    expect(divergence).toMatchObject({
      height: byRules.divergence?.height,
      class: "EIP-1884",
      triage: { unit: byRules.divergence?.triage?.unit, attribution: { switches: [{ name: "EIP-1884" }] } },
    });
    expect(divergence?.fields).toEqual(byRules.divergence?.fields);
    const own = byRules.divergence?.triage?.step;
    const names = { reference: "quarkchain", tested: expect.stringMatching(/^http:/) };
    expect(divergence?.triage?.step).toEqual({ ...own, ...names });
  });

  it("finds the step of an engine whose rules nobody knows", async () => {
    const instructions = QUARKCHAIN_INSTRUCTIONS.map((one) => (one.name === "SLOAD" ? { ...one, gas: 201 } : one));
    const rules = defineRules({ ...QUARKCHAIN_RULES, name: "dear SLOAD", instructions });
    const { divergence } = await withEngine({ rules }, -1);
    expect(divergence).toMatchObject({
      class: "unexplained/engine",
      triage: {
        class: "unexplained/engine",
        step: {
          what: "gas",
          referenceStep: { opcode: "SLOAD", gasCost: "200" },
          testedStep: { opcode: "SLOAD", gasCost: "201" },
        },
        attribution: { switches: [], explanation: expect.stringContaining("SLOAD costs 201 instead of 200") },
      },
    });
  });
});
