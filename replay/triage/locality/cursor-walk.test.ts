import { afterAll, beforeAll, expect, test } from "vitest";
import type { XshardCursor } from "../../../node/chain/minor-block.ts";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL } from "../../database/small-fixture.testkit.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import { TrialSource } from "../open-trial.ts";
import { recordUnits, type UnitRecords } from "../units/record-units.ts";
import { cursorWalk } from "./cursor-walk.ts";

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
afterAll(() => database.source.close());

/** A block that consumes at least three deposits, which are all that are due. */
let trial: BlockTrial;
let records: UnitRecords;

beforeAll(async () => {
  const source = new TrialSource(database);
  for (let height = 1; ; height++) {
    trial = await source.trial({ fullShardId: 65538, height });
    if ([...trial.payload.deposits].length < 3) continue;
    records = recordUnits(trial, rulesExecutor(database.config.quarkchain, trial.fullShardId, QUARKCHAIN_RULES));
    return;
  }
});

function declaring(xshardCursor: XshardCursor) {
  const { block } = trial;
  return cursorWalk({ ...trial, block: { ...block, meta: { ...block.meta, xshardCursor } } }, records);
}

test("a cursor that is right has no walk", () => {
  expect(cursorWalk(trial, records)).toBeUndefined();
});

test("both ends are found, with the gas of each deposit and of all up to it", () => {
  const due = [...trial.payload.deposits];
  const walk = declaring(due[1].cursor);
  expect(walk).toMatchObject({ depositsDeclared: 2, depositsComputed: due.length });
  expect(walk?.computed).toBe(walk?.exhausted);
  expect(walk?.steps.map(({ index }) => index)).toEqual([...due.keys()].filter((i) => i < due.length + 4));
  const gas = (walk?.steps ?? []).map(({ gasUsed }) => BigInt(gasUsed ?? -1));
  const receipts = records.units.filter(({ unit }) => unit.kind === "deposit").map(({ outcome }) => outcome?.gasUsed);
  expect(gas).toEqual(receipts);
  expect(walk?.steps.at(-1)?.total).toBe(`${gas.reduce((a, b) => a + b)}`);
});

test("a cursor that names no deposit is said to be none", () => {
  expect(declaring({ rootBlockHeight: 1, minorBlockIndex: 77, xshardDepositIndex: 5 })).toMatchObject({
    declared: "1/77/5",
    depositsDeclared: null,
  });
});
