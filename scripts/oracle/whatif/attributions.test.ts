import { describe, expect, test } from "vitest";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { openDatabase } from "../../../replay/database/open-database.ts";
import { rulesExecutor } from "../../../replay/execution/rules-executor.ts";
import { whatifRules } from "../../../replay/terminal/rules-option.ts";
import { TrialSource } from "../../../replay/triage/open-trial.ts";
import { createWhatifRunner } from "../../../replay/whatif/range-runner.ts";
import type { Change } from "../../../replay/whatif/schema.ts";
import { SwitchedRules } from "../../../replay/whatif/switched-rules.ts";
import { type Unit, UnitRuns } from "../../../replay/whatif/unit-runs.ts";
import { planWhatif } from "../../../replay/whatif/whatif.ts";
import { callCase, TouchedEntries } from "./call-case.ts";
import { ethereumEnding } from "./ethereumjs-call.ts";
import { OSAKA, PETERSBURG, SINGLE_RULES } from "./single-rules.ts";

/** From the environment: the database, and how many changes of each rule are looked at. */
const DB = process.env.WHATIF_DB ?? "fixtures/pyqkc-small";
const EACH = Number(process.env.EACH ?? 12);
const LEAST = 20;
const RULES = "osaka";
const UNWATCHED = { startBlock: () => {}, finishBlock: () => {}, countDivergence: () => {} };

async function whatifChanges(): Promise<Change[]> {
  const { plan, ranges } = await planWhatif({
    db: DB,
    configPath: undefined,
    rules: RULES,
    from: undefined,
    to: undefined,
    last: undefined,
    shards: undefined,
    workers: 1,
    unconfirmed: false,
    reportFolder: undefined,
    json: true,
    quiet: true,
  });
  const runner = createWhatifRunner(plan);
  const changes: Change[] = [];
  for (const range of ranges) {
    const result = await runner.run(range, UNWATCHED, () => false);
    if (result !== "stopped") changes.push(...result.changes);
  }
  runner.close();
  return changes;
}

/** The same number of transactions for each rule, evenly from the whole chain. */
function sample(changes: readonly Change[]): Change[] {
  const chosen = new Set<Change>();
  for (const name of SINGLE_RULES.keys()) {
    const concerned = changes.filter(
      ({ kind, switches }) => kind === "transaction" && switches.some((entry) => entry.name === name),
    );
    const step = Math.max(1, concerned.length / EACH);
    for (let at = 0; at < concerned.length; at += step) chosen.add(concerned[Math.floor(at)]);
  }
  return [...chosen];
}

describe(`attributions under ${RULES} in ${DB}`, () => {
  test("each rule alone adds the gas that @ethereumjs/evm adds with it", async () => {
    const chosen = sample(await whatifChanges());
    const database = openDatabase({ db: DB, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
    const config = database.config.quarkchain;
    const source = new TrialSource(database);
    const rules = new SwitchedRules(config, QUARKCHAIN_RULES, whatifRules(RULES));
    const confirmed = new Map<string, number>();
    const count = (name: string) => confirmed.set(name, (confirmed.get(name) ?? 0) + 1);
    let transactions = 0;
    for (const change of chosen) {
      const { fullShardId, height } = change;
      const trial = await source.trial({ fullShardId, height });
      const runs = new UnitRuns(trial, rules);
      const outcome = rulesExecutor(config, fullShardId, rules.reference).execute(trial.payload, trial.nodes);
      if (outcome.status === "INVALID") throw new Error(outcome.rejection.reason);
      const unit = unitOf(runs, outcome.computed.depositsConsumed, change);
      const touched = new TouchedEntries();
      for (const by of [rules.reference, rules.tested, ...rules.names.map((name) => rules.only(name))]) {
        runs.run(unit, by, touched);
      }
      const call = callCase(trial, unit, config.genesisTokenId, touched);
      const baseline = call === undefined ? undefined : await ethereumEnding(call, PETERSBURG);
      const before = { status: baseline?.success === true ? "success" : "failure", gas: `${baseline?.gas}` };
      // What has to do with QuarkChain's own precompiles, contract addresses and gas limits ends otherwise in Ethereum.
      if (call === undefined || before.status !== change.before.status || before.gas !== change.before.gas) continue;
      transactions++;
      const where = `shard ${fullShardId} block ${height} transaction ${change.index}`;
      for (const { name, gas } of change.switches) {
        const single = SINGLE_RULES.get(name);
        // Istanbul brings the precompile at address 9 along.
        const isAlone = single?.hardfork !== "istanbul" || change.switches.every((entry) => entry.name !== "EIP-152");
        if (single === undefined || !isAlone) continue;
        const alone = await ethereumEnding(call, single);
        const added = alone === undefined || baseline === undefined ? null : `${alone.gas - baseline.gas}`;
        expect(added, `${where}: ${name}`).toBe(gas);
        count(name);
      }
      const after = await ethereumEnding(call, OSAKA);
      const status = after === undefined ? "refused" : after.success ? "success" : "failure";
      expect([status, `${after?.gas ?? 0n}`], where).toEqual([change.after.status, change.after.gas]);
    }
    database.source.close();
    const counts = [...confirmed].sort().map(([name, times]) => `${name}: ${times}`);
    console.log(`${transactions} of ${chosen.length} transactions confirmed; ${counts.join(", ")}`);
    expect(transactions).toBeGreaterThanOrEqual(LEAST);
  });
});

function unitOf(runs: UnitRuns, deposits: number, change: Change): Unit {
  for (const { unit } of runs.reference(deposits)) {
    if (unit.kind === change.kind && unit.index === change.index) return unit;
  }
  throw new Error(`no ${change.kind} ${change.index}`);
}
