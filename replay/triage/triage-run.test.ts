import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { asHash32 } from "../../node/codec/bytes.ts";
import {
  FixtureChain,
  type Forgery,
  flipped,
  withHeader,
  withMeta,
  withRootHeader,
} from "../checkdb/twin-chain.testkit.ts";
import { checkInProcess } from "../checkdb/twin-check.testkit.ts";
import type { Divergence } from "../report/schema.ts";
import { triageSchema } from "../report/triage-schema.ts";
import { triageDivergences } from "./triage-run.ts";

const SHARD = 1;
const chain = new FixtureChain();
const folder = mkdtempSync(join(tmpdir(), "qkc-triage-run-"));
afterAll(() => {
  chain.close();
  rmSync(folder, { recursive: true });
});

/** The newest confirmed block: no other builds on what is wrong with it. */
const height = chain.tipHeight(SHARD);
const block = chain.minorBlock(SHARD, height);
const parent = chain.minorBlock(SHARD, height - 1);

async function look(forgery: Forgery) {
  const twin = chain.forge(forgery);
  try {
    const { found: divergences } = await checkInProcess(twin.dir, { last: 2 });
    const open = { db: twin.dir, configPath: undefined, rootTip: undefined, verifyChecksums: "default" } as const;
    const { triages, warnings } = await triageDivergences({ ...open, divergences, folder });
    const triageOf = ({ hash }: Divergence) => triageSchema.parse(triages.get(hash));
    return { divergences, triageOf, warnings };
  } finally {
    twin.remove();
  }
}

function forged(change: Parameters<typeof withMeta>[1]): Forgery {
  return { minor: { fullShardId: SHARD, height, change: (found) => withMeta(found, change) } };
}

/** The database from which a twin was made: it has no block of a forgery. */
const WITHOUT_IT = {
  db: "fixtures/pyqkc-small",
  configPath: undefined,
  rootTip: undefined,
  verifyChecksums: "default",
} as const;

describe("triageDivergences", () => {
  it("compares the declared state, where the database has it, with the one before and the computed one", async () => {
    const { divergences, triageOf, warnings } = await look(forged({ stateRoot: parent.meta.stateRoot }));
    expect(divergences).toHaveLength(1);
    const { state, ...triage } = triageOf(divergences[0]);
    expect(triage.class).toMatch(/^unexplained\/state\./);
    expect(divergences[0].class).toBe(triage.class);
    expect(triage.attribution.explanation).toMatch(/^unexplained/);
    expect(state.compared).toBe(true);
    expect(state.differences.length).toBeGreaterThan(0);
    for (const difference of state.differences) {
      expect(difference.declared).toBe(difference.before);
      expect(difference.computed).not.toBe(difference.declared);
      expect(difference.address).not.toBeNull();
    }
    expect(triage.receipt).toBeNull();
    expect(warnings).toEqual([]);
  });

  it("says that a state that is not stored is not compared", async () => {
    const { divergences, triageOf } = await look(forged({ stateRoot: asHash32(flipped(block.meta.stateRoot)) }));
    expect(triageOf(divergences[0])).toMatchObject({
      class: "unexplained/stateRoot",
      state: { compared: false, differences: [], omitted: 0 },
    });
  });

  it("names the field where neither receipts nor the state tell", async () => {
    const { divergences, triageOf } = await look(forged({ gasUsed: block.meta.gasUsed + 1n }));
    expect(triageOf(divergences[0])).toMatchObject({ class: "unexplained/gasUsed", unit: null, receipt: null });
  });

  it("takes apart what the miner gets: the reward of the epoch and the fees, less tax", async () => {
    const [[token, amount]] = block.header.coinbaseAmounts;
    const coinbaseAmounts = new Map([[token, amount + 7n]]);
    const change = (found: typeof block) => withHeader(found, { coinbaseAmounts });
    const { divergences, triageOf } = await look({ minor: { fullShardId: SHARD, height, change } });
    const { coinbase = [], unit } = triageOf(divergences[0]);
    expect(unit).toMatchObject({ kind: "reward" });
    expect(coinbase).toEqual([
      {
        token: "QKC",
        declared: `${amount + 7n}`,
        computed: `${amount}`,
        parts: expect.any(Array),
      },
    ]);
    const [reward, ...fees] = coinbase[0].parts;
    expect(reward.what).toMatch(/^reward of epoch \d+: \d+( × \(\d+\/\d+\)\^\d+)?, less a tax of \d+\/\d+$/);
    for (const { what } of fees) expect(what).toMatch(/^fee of (transaction|deposit) \d+, less a tax of \d+\/\d+$/);
    expect(BigInt(reward.amount)).toBeGreaterThan(0n);
    expect(fees.reduce((sum, { amount }) => sum + BigInt(amount), BigInt(reward.amount))).toBe(amount);
  });

  it("names the first receipt that the declared list of another block has otherwise", async () => {
    const { divergences, triageOf } = await look(forged({ receiptRoot: parent.meta.receiptRoot }));
    const { class: name, receipt, unit } = triageOf(divergences[0]);
    expect(name).toMatch(/^unexplained\/receipt\./);
    expect(receipt?.fields.length).toBeGreaterThan(0);
    expect(unit).not.toBeNull();
  });

  it("executes nothing for a broken rule, of a minor or of a root block", async () => {
    const minor = await look({
      minor: { fullShardId: SHARD, height, change: (found) => withHeader(found, { version: 7 }) },
    });
    expect(minor.triageOf(minor.divergences[0])).toMatchObject({
      class: "rule/VERSION",
      attribution: { switches: [], explanation: expect.stringContaining("VERSION") },
      command: expect.stringMatching(/^qkc checkdb --db DIR --from \d+ --to \d+ --shard 1$/),
    });
    const tip = chain.tip.block.header.height;
    const root = await look({ root: { height: tip, change: (found) => withRootHeader(found, { version: 7 }) } });
    expect(root.divergences).toHaveLength(1);
    for (const divergence of root.divergences) {
      expect(root.triageOf(divergence)).toMatchObject({ class: "rule/VERSION", unit: null });
    }
  });

  it("keeps a divergence whose block cannot be looked at, with a warning", async () => {
    const { divergences } = await look(forged({ gasUsed: block.meta.gasUsed + 1n }));
    const { triages, warnings } = await triageDivergences({ ...WITHOUT_IT, divergences, folder });
    expect(triages.size).toBe(0);
    expect(warnings).toEqual([
      expect.stringMatching(new RegExp(`^shard 1 block ${height} differs; a closer look at it failed: .*no block`)),
    ]);
  });

  it("stops between two blocks when it is told to", async () => {
    const { divergences } = await look(forged({ gasUsed: block.meta.gasUsed + 1n }));
    const stopped = await triageDivergences({ ...WITHOUT_IT, divergences, folder, shouldStop: () => true });
    expect(stopped).toMatchObject({ triages: new Map(), warnings: [] });
  });
});
