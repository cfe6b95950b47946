import { afterAll, beforeAll, expect, test } from "vitest";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL } from "../../database/small-fixture.testkit.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { CoinbaseDifference } from "../../report/triage-schema.ts";
import { TrialSource } from "../open-trial.ts";
import { recordUnits, type UnitRecords } from "../units/record-units.ts";
import { coinbaseDifferences } from "./coinbase-sums.ts";

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
afterAll(() => database.source.close());

const config = database.config.quarkchain;
const UNTAXED = { ...config, rewardTaxRate: { numerator: 0n, denominator: 1n } };

/** A block whose fees are paid by transactions and by deposits. */
let trial: BlockTrial;
let records: UnitRecords;
/** What rules without a tax on fees come to, which is what the block is then made to declare. */
let untaxed: UnitRecords;

beforeAll(async () => {
  const source = new TrialSource(database);
  for (let height = 1; ; height++) {
    trial = await source.trial({ fullShardId: 65538, height });
    records = recordUnits(trial, rulesExecutor(config, trial.fullShardId, QUARKCHAIN_RULES));
    const kinds = records.units
      .filter(({ outcome }) => (outcome?.minerFees.size ?? 0) > 0)
      .map(({ unit }) => unit.kind);
    if (kinds.includes("deposit") && kinds.filter((kind) => kind === "transaction").length > 1) break;
  }
  untaxed = recordUnits(trial, rulesExecutor(UNTAXED, trial.fullShardId, QUARKCHAIN_RULES));
});

function computedOf({ result }: UnitRecords) {
  if (result.status === "INVALID") throw new Error(result.rejection.reason);
  return result.computed;
}

function differences(coinbaseAmounts: ReadonlyMap<bigint, bigint>, reference?: UnitRecords): CoinbaseDifference[] {
  const { block } = trial;
  const declaring = { ...trial, block: { ...block, header: { ...block.header, coinbaseAmounts } } };
  return coinbaseDifferences({ config, trial: declaring, records, reference });
}

const total = (amounts: readonly (string | null | undefined)[]) =>
  amounts.reduce((sum, amount) => sum + BigInt(amount ?? 0), 0n);

test("nothing is told where nothing differs", () => {
  expect(differences(computedOf(records).coinbaseAmounts, records)).toEqual([]);
});

test("the reward and the fee of each unit add up to what is computed, and to what is declared where a rule tells", () => {
  const [{ parts, declared, computed }] = differences(computedOf(untaxed).coinbaseAmounts, untaxed);
  expect(total(parts.map(({ amount }) => amount))).toBe(BigInt(computed));
  expect(total(parts.map(({ declared }) => declared))).toBe(BigInt(declared));
  const [reward, ...fees] = parts;
  expect(reward).toMatchObject({ unit: { kind: "reward" }, declared: reward.amount });
  expect(new Set(fees.map(({ unit }) => unit?.kind))).toEqual(new Set(["deposit", "transaction"]));
  for (const { amount, declared } of fees) expect(BigInt(declared ?? 0) / 2n).toBe(BigInt(amount));
});

test("a reference that comes to another sum tells nothing of the parts", () => {
  const amounts = new Map([...computedOf(untaxed).coinbaseAmounts].map(([token, amount]) => [token, amount + 1n]));
  for (const { parts } of [...differences(amounts, untaxed), ...differences(amounts)]) {
    expect(parts.map(({ declared }) => declared)).toEqual(parts.map(() => null));
  }
});
