import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  exportedBlocks,
  GOQKC_CONFIG,
  GoquarkchainDirectory,
} from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import { UnsupportedError, UsageError } from "../../node/codec/errors.ts";
import { databaseDigest, exported, SMALL } from "../database/small-fixture.testkit.ts";
import { runTrace, type TraceRequest } from "./trace.ts";
import { runTraceCalls, type TraceCallsRequest } from "./trace-calls.ts";

interface ExportedTransaction {
  readonly hash: string;
  readonly branch: number;
  readonly block: string;
  readonly index: number;
  readonly tags: readonly string[];
  readonly ok: number;
  readonly gas: number;
}

interface EndLine {
  readonly gasUsed: string;
  readonly pass: boolean;
}

afterEach(() => vi.restoreAllMocks());

function run(request: Partial<TraceRequest>) {
  return printedBy(() => runTrace({ db: SMALL, configPath: undefined, format: "eip3155", ...request }));
}

function runCalls(request: Partial<TraceCallsRequest>) {
  return printedBy(() => runTraceCalls({ db: SMALL, configPath: undefined, abi: [], json: false, ...request }));
}

async function printedBy(command: () => Promise<number>): Promise<{ exitCode: number; output: string }> {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    const exitCode = await command();
    return { exitCode, output: written.join("") };
  } finally {
    spy.mockRestore();
  }
}

function endsOf(output: string): EndLine[] {
  const lines = output.trim().split("\n");
  return lines.map((line) => JSON.parse(line) as EndLine).filter(({ pass }) => pass !== undefined);
}

const transactions = exported<ExportedTransaction>("txs");

describe("a pyquarkchain database", () => {
  test("a block: each of its transactions uses the gas that pyquarkchain exported", async () => {
    const before = databaseDigest(SMALL);
    const blocks = new Set(transactions.map(({ block }) => block));
    for (const block of [...blocks].slice(0, 30)) {
      const expected = transactions
        .filter((transaction) => transaction.block === block)
        .sort((a, b) => a.index - b.index)
        .map(({ gas, ok }) => ({ gas, ok }));
      const { exitCode, output } = await run({ block });
      expect(exitCode).toBe(0);
      const ends = endsOf(output).map(({ gasUsed, pass }) => ({ gas: Number(gasUsed), ok: Number(pass) }));
      // Deposits come first, the reward last.
      expect(ends.slice(-1 - expected.length, -1)).toEqual(expected);
    }
    expect(databaseDigest(SMALL)).toBe(before);
  });

  test("a transaction: its steps add up to its gas", async () => {
    const wanted = transactions.find(({ tags, ok }) => tags.includes("create-env") && ok === 1);
    const { output } = await run({ tx: wanted?.hash });
    const lines = output.trim().split("\n");
    expect(endsOf(output)).toEqual([
      { output: expect.any(String), gasUsed: `0x${wanted?.gas.toString(16)}`, pass: true },
    ]);
    const costs = lines.slice(0, -1).map((line) => Number((JSON.parse(line) as { gasCost: string }).gasCost));
    const intrinsic = Number((JSON.parse(lines[0]) as { gas: string }).gas);
    expect(costs.length).toBeGreaterThan(3);
    const start = (JSON.parse(lines[0]) as { pc: number }).pc;
    expect(start).toBe(0);
    expect(intrinsic).toBeGreaterThan(costs.reduce((sum, cost) => sum + cost, 0));
  });

  test("a cross-shard call: a transaction where it was sent, a deposit with steps where it went", async () => {
    const tx = "31c190de68e247e70730a42e10ba6c0801bbdd73a08b15ba5bef882c0aaee523";
    const linesIn = async (shard: number | undefined) => (await run({ tx, shard })).output.trim().split("\n");
    expect(await linesIn(undefined)).toHaveLength(1);
    expect(await linesIn(131073)).toEqual(await linesIn(undefined));
    expect(await linesIn(65539)).toHaveLength(18);
    await expect(run({ tx, shard: 1 })).rejects.toThrow(/shard 1 has no transaction or deposit 31c190de/);
    const table = await run({ tx, shard: 65539, format: "table" });
    expect(table.output).toMatch(/^deposit \d+ {2}31c190de/);
  });

  test("a table for people", async () => {
    const { output } = await run({ block: "1:18", format: "table" });
    expect(output).toMatch(/^transaction 1 {2}882ccab9504f55192d405d150e76279addfe6bd10040bdbe86270ab2a7ff5e4b$/m);
    expect(output).toMatch(/^ +0x0 {2}STOP +200000 +0$/m);
    expect(output).toMatch(/^success, 23176 gas$/m);
    const pushes = await run({ block: "131073:46", format: "table" });
    expect(pushes.output).toMatch(/^ +0x\w+ +PUSH1 0x[0-9a-f]{2} +\d+ +3/m);
    expect(output).toMatch(/^reward 0\ndone, 0 gas$/m);
  });

  test("a tree of calls: a transaction's own, with the gas that pyquarkchain exported", async () => {
    const { output } = await runCalls({ block: "131073:46", json: true });
    const units = JSON.parse(output) as { unit: { kind: string; hash: string }; gasUsed: string; calls: unknown[] }[];
    const exportedGas = new Map(transactions.map(({ hash, gas }) => [hash, gas]));
    const ours = units.filter(({ unit }) => unit.kind === "transaction");
    expect(ours.length).toBeGreaterThan(2);
    for (const { unit, gasUsed } of ours) expect(Number(gasUsed)).toBe(exportedGas.get(unit.hash));
    const text = (await runCalls({ block: "131073:46" })).output;
    expect(text).toMatch(/^ {2}CALL 0x2609cbe4\w+ {2}value 74,773\.\d+ QKC .* ✗ the sender's stake is locked$/m);
    expect(text).toMatch(/^ *657 +1 {2}0xb1a6401500908c7fafd94c81d82fffd7400cd33b {2}0x00000000$/m);
  });

  test("a cross-shard call: its tree where it was sent is the deposit", async () => {
    const tx = "31c190de68e247e70730a42e10ba6c0801bbdd73a08b15ba5bef882c0aaee523";
    expect((await runCalls({ tx })).output).toMatch(/^ {2}deposit to 0x[0-9a-f]{48} {2}value .* {2}gas [\d,]+$/m);
    expect((await runCalls({ tx, shard: 65539 })).output).toMatch(/^deposit \d+ {2}31c190de.*\n {2}CALL 0x/m);
  });

  test("two trees: their difference, and that there is none", async () => {
    const parted = await runCalls({ block: "131073:46", rules: "+2929", against: "quarkchain" });
    expect(parted.exitCode).toBe(2);
    expect(parted.output).toMatch(/^--- quarkchain\n\+\+\+ quarkchain\+2929\n@@/);
    expect(parted.output).toMatch(/^-transaction 3 .*79,100 gas$/m);
    const same = await runCalls({ block: "131073:46", against: "quarkchain" });
    expect(same).toEqual({ exitCode: 0, output: "by quarkchain and by quarkchain the calls are the same\n" });
  });

  test("other rules, and where they part from the chain's own", async () => {
    const parted = await run({ block: "131073:46", rules: "+2929", against: "quarkchain" });
    expect(parted.exitCode).toBe(2);
    const divergence = JSON.parse(parted.output) as { reference: string; tested: string; unit: { hash: string } };
    expect(divergence).toMatchObject({
      reference: "quarkchain",
      tested: "quarkchain+2929",
      unit: { kind: "transaction", index: 3 },
      what: "gas",
    });
    const same = await run({ tx: divergence.unit.hash, rules: "+2929", against: "quarkchain" });
    expect(JSON.parse(same.output)).toEqual(divergence);
    expect(await run({ block: "131073:46", against: "quarkchain" })).toEqual({ exitCode: 0, output: "null\n" });
    const own = await run({ tx: divergence.unit.hash });
    const other = await run({ tx: divergence.unit.hash, rules: "+2929" });
    expect(Number(endsOf(other.output)[0].gasUsed)).not.toBe(Number(endsOf(own.output)[0].gasUsed));
  });

  test("what is not there is said", async () => {
    await expect(run({})).rejects.toThrow(/say what to trace/);
    await expect(run({ block: "1:9999" })).rejects.toThrow(UsageError);
    await expect(run({ block: "1:0" })).rejects.toThrow(/block 0 of shard 1 is not executed/);
    await expect(run({ tx: "ab".repeat(32) })).rejects.toThrow(/no transaction abab/);
    await expect(run({ tx: `${transactions[0].hash}00090000` })).rejects.toThrow(/0x00090000 behind its hash/);
    await expect(run({ tx: transactions[0].hash, shard: 7 })).rejects.toThrow(UsageError);
    await expect(run({ block: "1:18", rules: "atlantis" })).rejects.toThrow(/no hardfork "atlantis"/);
  });
});

describe("a goquarkchain database", () => {
  const shard1 = exportedBlocks().filter(
    ({ kind, branch, height, txs }) => kind === "minor" && branch === 1 && height > 0 && txs > 1,
  );

  test("pruned: states are computed from the stored ones", async () => {
    const directory = new GoquarkchainDirectory();
    try {
      const { height, gasUsed } = shard1[20];
      const { output } = await run({ db: directory.dir, configPath: GOQKC_CONFIG, block: `1:${height}` });
      const gas = endsOf(output).reduce((sum, end) => sum + BigInt(end.gasUsed), 0n);
      expect(`${gas}`).toBe(gasUsed);
    } finally {
      directory.remove();
    }
  });

  test("no state is near enough: nothing can be traced", async () => {
    const directory = new GoquarkchainDirectory();
    try {
      await removeStates(directory.dir);
      const traced = run({ db: directory.dir, configPath: GOQKC_CONFIG, block: `1:${shard1[20].height}` });
      await expect(traced).rejects.toThrow(UnsupportedError);
    } finally {
      directory.remove();
    }
  });
});

/** The root nodes of all states of shard 1. */
async function removeStates(dir: string): Promise<void> {
  const db = openArchive(dir);
  const shard = db.shard(1);
  const roots: Uint8Array[] = [];
  for (let height = 0, hash = shard.canonicalHashAt(0); hash !== undefined; hash = shard.canonicalHashAt(++height)) {
    roots.push(shard.minorBlock(hash).meta.stateRoot.slice());
  }
  db.close();
  const rows = new ClassicLevel<Uint8Array, Uint8Array>(join(dir, "S0", "shard-1", "db"), { keyEncoding: "view" });
  for (const root of roots) await rows.del(root);
  await rows.close();
}
