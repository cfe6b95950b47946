import { afterAll, describe, expect, test } from "vitest";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL } from "../../database/small-fixture.testkit.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import { type FaultyExecutor, faultyExecutor } from "../seeded-faults/fault.testkit.ts";
import { blocksOf, faultNamed } from "../seeded-faults/seeded-faults.testkit.ts";
import { makeDeclaredReproducer } from "./declared-reproducer.ts";
import { differencesUnder, reproduce } from "./reproduce.ts";
import { readReproducer, reproducerText } from "./reproducer-file.ts";

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
afterAll(() => database.source.close());
const blocks = await blocksOf(database);

/** A block as a faulty client would have stored it. */
function declaredBy(faulty: FaultyExecutor, trial: BlockTrial) {
  const result = faulty.execute(trial.payload, trial.nodes);
  if (result.status === "INVALID") throw new Error(result.rejection.reason);
  const { computed } = result;
  const { bloom, coinbaseAmounts, stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor } = computed;
  const header = { ...trial.block.header, bloom, coinbaseAmounts };
  const meta = { ...trial.block.meta, stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor };
  return { trial: { ...trial, block: { ...trial.block, header, meta } }, receipts: computed.receipts };
}

/** Fault, block, and how many deposits and transactions are left of how many. */
describe.each<[string, number, number, string]>([
  ["MULMOD: modulus one bit off", 65538, 29, "0 and 1 of 3"],
  ["log: first topic lost", 131073, 42, "1 and 0 of 9"],
  ["storage is written one slot on", 1, 13, "0 and 1 of 1"],
  ["no reward", 1, 7, "0 and 1 of 1"],
  ["one root block back", 65538, 35, "0 and 8 of 8"],
])("%s, as what is declared", (name, fullShardId, height, left) => {
  const trial = blocks.trials.find((one) => one.fullShardId === fullShardId && one.height === height) as BlockTrial;
  const faulty = faultyExecutor(blocks.config, fullShardId, faultNamed(name));
  const tested = rulesExecutor(blocks.config, fullShardId, QUARKCHAIN_RULES);

  test.each([true, false])("receipts stored: %s", (isStored) => {
    const declared = declaredBy(faulty, trial);
    const receipts = isStored ? declared.receipts : undefined;
    const request = { id: "x", trial: declared.trial, config: blocks.config, rules: "quarkchain", tested, receipts };
    const reproducer = makeDeclaredReproducer(request);
    if (reproducer === undefined) throw new Error("nothing differs");
    const read = readReproducer(reproducerText(reproducer), "x");
    expect(read.about.expected.source).toBe("declared");
    expect(reproduce(read).differences).toEqual(reproducer.about.differences);
    expect(reproduce(read).differences).not.toEqual([]);
    expect(differencesUnder(read, faulty)).toEqual([]);
    const { deposits, transactions } = read;
    if (isStored)
      expect(`${deposits.length} and ${transactions.length} of ${trial.block.transactions.length}`).toBe(left);
  });
});

test("nothing where the execution matches what is declared", () => {
  const [trial] = blocks.trials;
  const tested = rulesExecutor(blocks.config, trial.fullShardId, QUARKCHAIN_RULES);
  const request = { id: "x", trial, config: blocks.config, rules: "quarkchain", tested, receipts: undefined };
  expect(makeDeclaredReproducer(request)).toBeUndefined();
});
