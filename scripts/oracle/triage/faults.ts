/**
 * What is named where the blocks of fixtures/pyqkc-small declare what an execution with one seeded fault comes to:
 *
 *     node --import tsx scripts/oracle/triage/faults.ts [SEED [COUNT]]
 *
 * Faults are those of replay/triage/seeded-faults (prices, results, operands, state, receipts, cursor, fees), drawn at random from
 * the seed (1). A row shows what is named and what explains as much beside it, for a reader to judge.
 */
import { openDatabase } from "../../../replay/database/open-database.ts";
import { SMALL } from "../../../replay/database/small-fixture.testkit.ts";
import { findAlteration } from "../../../replay/triage/hypotheses/altered-blocks.testkit.ts";
import { faultyExecutor } from "../../../replay/triage/seeded-faults/fault.testkit.ts";
import { blocksOf, chooseFaults } from "../../../replay/triage/seeded-faults/seeded-faults.testkit.ts";

const [seed = 1, count = 40] = process.argv.slice(2).map(Number);
const part = (share: number) => Math.max(1, Math.round(share * count));
const COUNTS = {
  interpreter: part(0.3),
  gas: part(0.3),
  state: part(0.12),
  receipts: part(0.12),
  cursor: part(0.08),
  fees: part(0.08),
};

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
const blocks = await blocksOf(database);
let named = 0;
let all = 0;
for (const { fault } of chooseFaults(blocks, COUNTS, seed)) {
  const result = findAlteration(blocks, (id) => faultyExecutor(blocks.config, id, fault), {
    differing: 4,
    matching: 8,
  });
  all++;
  const [first] = result?.found ?? [];
  if (first !== undefined) named++;
  const others = first?.[1].others.map(({ hypothesis }) => hypothesis.id).join(", ");
  console.log(`${fault.family}: ${fault.name} -> ${first?.[0] ?? "nothing"}${others ? ` (as good: ${others})` : ""}`);
}
console.log(`seed ${seed}: ${all} faults, a hypothesis for ${named}`);
database.source.close();
