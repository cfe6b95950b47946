import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeEvmTransaction, type EvmTransaction } from "../../node/chain/evm-transaction.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import type { UnitOutcome } from "../../node/el/evm/tracer.ts";
import { CONFIG, FIXTURE, FixtureChain } from "../checkdb/twin-chain.testkit.ts";
import { openDatabase } from "../database/open-database.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import { whatifRules } from "../terminal/rules-option.ts";
import { TrialSource } from "../triage/open-trial.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../work/built-project.testkit.ts";
import { assembleWhatif } from "./assemble.ts";
import { createWhatifRunner } from "./range-runner.ts";
import { type WhatifRange, type WhatifReport, whatifRangeSchema, whatifReportSchema } from "./schema.ts";
import { planWhatif } from "./whatif.ts";

const UNWATCHED = { startBlock: () => {}, finishBlock: () => {}, countDivergence: () => {} };

/** The answer of the command in this thread. */
async function answer(rules: string, span: { readonly to?: number } = {}): Promise<WhatifReport> {
  const { plan, ranges, database, configHash, provenance, warnings } = await planWhatif({
    db: FIXTURE,
    configPath: CONFIG,
    rules,
    from: undefined,
    to: span.to,
    last: undefined,
    shards: undefined,
    workers: 1,
    unconfirmed: false,
    reportFolder: undefined,
    json: true,
    quiet: true,
  });
  const runner = createWhatifRunner(plan);
  const results: WhatifRange[] = [];
  for (const range of ranges) {
    results.push(whatifRangeSchema.parse(await runner.run(range, UNWATCHED, () => false)));
  }
  runner.close();
  const { program, version } = provenance;
  return assembleWhatif({
    tested: whatifRules(rules),
    provenance: { program, version, database, configHash },
    range: { rootFrom: plan.rootFrom, rootTo: plan.rootTo, shards: [...plan.shards], unconfirmed: false },
    results: results.reverse(),
    warnings,
    interrupted: false,
    failure: undefined,
    timing: {
      startedAt: new Date(0).toISOString(),
      seconds: 1,
      cpuSeconds: 1,
      workers: 1,
      ranges: ranges.length,
      databasePath: FIXTURE,
      node: process.version,
    },
  });
}

interface ExecutedTransaction {
  readonly transaction: EvmTransaction;
  readonly outcome: UnitOutcome;
}

/** Every transaction of the confirmed chain as it was executed, by shard, height and index. */
async function fixtureTransactions(): Promise<Map<string, ExecutedTransaction>> {
  const database = openDatabase({ db: FIXTURE, configPath: CONFIG, rootTip: undefined, verifyChecksums: "default" });
  const { config } = database;
  const source = new TrialSource(database);
  const chain = new FixtureChain();
  const transactions = new Map<string, ExecutedTransaction>();
  for (const { branch: fullShardId, height } of chain.roots.flatMap(({ block }) => block.minorHeaders)) {
    if (height === 0) continue;
    const { payload, nodes } = await source.trial({ fullShardId, height });
    rulesExecutor(config.quarkchain, fullShardId, QUARKCHAIN_RULES).execute(payload, nodes, {
      enterUnit: () => {},
      leaveUnit: ({ kind, index }, outcome) => {
        if (kind !== "transaction") return;
        const transaction = decodeEvmTransaction(payload.transactions[index].rlp);
        transactions.set(`${fullShardId} ${height} ${index}`, { transaction, outcome });
      },
    });
  }
  chain.close();
  database.source.close();
  return transactions;
}

describe("EIP-2028 over a whole database", () => {
  test("concerns every transaction with data but those that lose all gas, by 52 gas a byte", async () => {
    const report = await answer("+2028");
    const transactions = await fixtureTransactions();
    const nonZero = ({ data }: EvmTransaction) => data.filter((byte) => byte !== 0).length;
    const changed = new Map(report.changes.map((change) => [keyOf(change), change]));
    expect(report.verdict).toBe("different");
    expect(report.counts).toMatchObject({ minorBlocks: 239, transactions: 717, changedDeposits: 0, refused: 0 });
    for (const [key, { transaction, outcome }] of transactions) {
      const change = changed.get(key);
      const losesAllGas = outcome.receipt?.success === false && outcome.gasUsed === transaction.startGas;
      if (nonZero(transaction) === 0) expect(change, key).toBeUndefined();
      else if (change === undefined) expect(losesAllGas, key).toBe(true);
      if (change === undefined) continue;
      expect(change.before.gas).toBe(`${outcome.gasUsed}`);
      expect(change.switches.map(({ name }) => name)).toEqual(["EIP-2028"]);
      expect(change.transactionHash).toMatch(/^[0-9a-f]{64}$/);
    }
    const [saved, other] = split(report.changes, (change) => {
      const { transaction } = transactions.get(keyOf(change)) as ExecutedTransaction;
      return BigInt(change.before.gas) - BigInt(change.after.gas) === BigInt(52 * nonZero(transaction));
    });
    expect(saved.length).toBeGreaterThan(300);
    // Refunds of at most a half of the gas, calls that get a part of the gas, and ends by lack of it.
    expect(other.length).toBeLessThan(30);
    expect(report.switches).toMatchObject([{ name: "EIP-2028", transactions: report.changes.length, deposits: 0 }]);
    expect(report.share.transactions).toBeCloseTo(report.changes.length / 717);
  });
});

function keyOf({ fullShardId, height, index }: { fullShardId: number; height: number; index: number }): string {
  return `${fullShardId} ${height} ${index}`;
}

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

describe("rules that --rules names", () => {
  test.each([
    ["osaka", "quarkchain+osaka"],
    ["osaka-2929", "quarkchain+osaka-2929"],
    ["+3855,-1884", "quarkchain+3855,-1884"],
    ["quarkchain+berlin", "quarkchain+berlin"],
    ["goquarkchain", "goquarkchain"],
  ])("%s: %s", (text, name) => {
    expect(whatifRules(text).name).toBe(name);
    expect(whatifRules(text).tokenIdMustBeQueried).toBe(true);
  });

  test.each(["byzantium", "+1", "2929"])("%s is refused", (text) => {
    expect(() => whatifRules(text)).toThrow(/rule set/);
  });
});

describe("the command", () => {
  let project: BuiltProject;
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    project = buildProject();
    folder = temporaryFolder();
  });
  afterAll(() => {
    folder.remove();
  });

  function run(...args: readonly string[]) {
    const main = fileURLToPath(project.file("replay/cli/main.ts"));
    const db = ["--db", resolve(FIXTURE), "--config", resolve(CONFIG)];
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, "whatif", ...db, ...args], {
      cwd: folder.path,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  function withoutTiming(json: string): unknown {
    const { timing: _, ...rest } = whatifReportSchema.parse(JSON.parse(json));
    return rest;
  }

  test("answers alike with any number of workers, on stdout and in the report", () => {
    const span = ["--rules", "berlin", "--to", "12", "--json"];
    const one = run(...span, "--workers", "1", "--report", "one");
    const two = run(...span, "--workers", "2", "--report", "two");
    expect([one.status, two.status]).toEqual([2, 2]);
    expect(withoutTiming(two.stdout)).toEqual(withoutTiming(one.stdout));
    expect(readFileSync(join(folder.path, "one", "whatif.json"), "utf8")).toBe(one.stdout);
  });

  test("shows people the rules, what they concern and examples", () => {
    const { status, stdout } = run("--rules", "+2028", "--to", "12", "--report", "text");
    expect(status).toBe(2);
    expect(stdout).toMatch(/^different: under quarkchain\+2028 \d+ of \d+ transactions \(\d+\.\d%\)/);
    expect(stdout).toMatch(/\nEIP-2028 +\d+ +\d+\.\d% .* a byte of calldata/);
    expect(stdout).toMatch(/\n {4}the first instruction has [\d,]+ gas instead of [\d,]+\n/);
    expect(stdout).toMatch(/\nreport: text\/whatif\.json\n$/);
  });

  test("ends with 0 where nothing would change, and with 1 for rules that do not exist", () => {
    const same = run("--rules", "+3855", "--to", "3", "--quiet", "--report", "same");
    expect(same).toMatchObject({ status: 0, stderr: "" });
    expect(same.stdout).toMatch(/^same: under quarkchain\+3855 0 of/);
    const refused = run("--rules", "byzantium");
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toMatch(/no hardfork "byzantium"/);
  });

  test("never writes into the database", () => {
    const { status, stderr } = run("--rules", "+2028", "--report", join(resolve(FIXTURE), "report"));
    expect(status).toBe(1);
    expect(stderr).toMatch(/lies inside the database/);
  });
});
