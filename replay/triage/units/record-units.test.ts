import { afterAll, describe, expect, test } from "vitest";
import { type Address, bytesEqual, type Hash32, toHex } from "../../../node/codec/bytes.ts";
import { KECCAK_EMPTY } from "../../../node/codec/keccak.ts";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import type { ExecutionResult } from "../../../node/el/payload.ts";
import { WorldState } from "../../../node/el/state/world-state.ts";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL, SMALL_SHARDS } from "../../database/small-fixture.testkit.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import { TrialSource } from "../open-trial.ts";
import { devnetExecutor, oneBlock, pushAddress } from "../steps/one-block.testkit.ts";
import { firstDifferingUnit } from "./differing-unit.ts";
import { recordUnits, type UnitRecords } from "./record-units.ts";

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
afterAll(() => database.source.close());

async function trials(): Promise<BlockTrial[]> {
  const source = new TrialSource(database);
  const all: BlockTrial[] = [];
  for (const fullShardId of SMALL_SHARDS) {
    const shard = source.rig(fullShardId).source;
    for (let height = 1; shard.canonicalHashAt(height) !== undefined; height++) {
      all.push(await source.trial({ fullShardId, height }));
    }
  }
  return all;
}

function record(trial: BlockTrial, rules: Rules): UnitRecords {
  return recordUnits(trial, rulesExecutor(database.config.quarkchain, trial.fullShardId, rules));
}

function computed({ result }: UnitRecords): ExecutionResult {
  if (result.status === "INVALID") throw new Error(result.rejection.reason);
  return result.computed;
}

/** Leaves an entry of zero in the account's token list, without touching the account if the rules let one do that. */
function leaveEntry(state: WorldState, address: Address, rules: Rules): void {
  const snapshot = state.snapshot();
  state.addBalance(address, 0n, 1n);
  if (rules.revertKeepsZeroBalances) state.revert(snapshot);
  else state.addBalance(address, 0n, -1n);
}

/** The state that comes of the parent's and the recorded changes alone. */
function rootByChanges(trial: BlockTrial, { units }: UnitRecords, rules: Rules): Hash32 {
  const state = new WorldState(trial.nodes, trial.payload.parentStateRoot, undefined, rules);
  for (const change of units.flatMap(({ changes }) => changes)) {
    const { address } = change;
    if (change.bornWithKey !== undefined) state.fullShardKey = change.bornWithKey;
    if (change.storageReset) state.resetStorage(address);
    if (change.nonce !== undefined) state.setNonce(address, change.nonce.after);
    if (change.codeHash !== undefined) {
      const { after } = change.codeHash;
      state.setCode(address, bytesEqual(after, KECCAK_EMPTY) ? new Uint8Array(0) : trial.nodes.get(after));
    }
    if (change.hasTokenEntries?.after) leaveEntry(state, address, rules);
    if (change.touched?.after) state.addBalance(address, 0n, 0n);
    for (const [tokenId, { after }] of change.balances) state.setBalance(address, tokenId, after);
    for (const [slot, { after }] of change.slots) state.setStorage(address, slot, after);
  }
  return state.commit();
}

describe("changes of one account", () => {
  const CONTRACT = "aaaa0000000000000000000000000000000000a1";
  const NOBODY = "00000000000000000000000000000000000000fe";

  function changesOf(code: string) {
    const storage = { [CONTRACT]: { "0x1": "0x7", "0x2": "0x8" } };
    const trial = oneBlock({ contracts: { [CONTRACT]: code }, storage, deposits: [CONTRACT] });
    const [deposit] = recordUnits(trial, devnetExecutor(QUARKCHAIN_RULES)).units;
    const own = (address: Address) => toHex(address) === CONTRACT;
    return {
      change: deposit.changes.find(({ address }) => own(address)),
      access: deposit.accesses.find(({ address }) => own(address)),
      others: deposit.accesses.filter(({ address }) => toHex(address) === NOBODY),
    };
  }

  test("storage that a self-destruct wipes, be it read before or not", () => {
    const { change, access } = changesOf("60015450" + "33ff");
    expect(change).toMatchObject({ storageReset: true, nonce: { before: 1n, after: 0n } });
    expect([...(change?.slots ?? [])]).toEqual([[1n, { before: 7n, after: 0n }]]);
    expect([...(access?.slots ?? [])]).toEqual([1n]);
  });

  test("no change where the end is as the beginning, or was taken back", () => {
    expect(changesOf("6009600155" + "6007600155").change).toMatchObject({ slots: new Map(), storageReset: false });
    expect(changesOf("600960015560006000fd").change).toBeUndefined();
  });

  test("an absent account that is only looked at is born with the key in force", () => {
    const { others } = changesOf(`${pushAddress(NOBODY)}3b50`);
    expect(others).toMatchObject([{ code: true, existence: false, slots: new Set(), tokens: new Set() }]);
  });
});

describe("units of every block of a pyquarkchain database", async () => {
  const all = await trials();

  test("deposits, transactions, reward, with the receipts that the block gets of them", () => {
    for (const trial of all) {
      const records = record(trial, QUARKCHAIN_RULES);
      const { depositsConsumed, receipts, gasUsed } = computed(records);
      expect(records.units.map(({ unit }) => `${unit.kind} ${unit.index}`)).toEqual([
        ...Array.from({ length: depositsConsumed }, (_, i) => `deposit ${i}`),
        ...trial.block.transactions.map((_, i) => `transaction ${i}`),
        "reward 0",
      ]);
      const given = (kind: string) =>
        records.units.filter(({ unit }) => unit.kind === kind).flatMap(({ outcome }) => outcome?.receipt ?? []);
      expect([...given("transaction"), ...given("deposit")]).toEqual(receipts);
      expect(records.units.reduce((sum, { outcome }) => sum + (outcome?.gasUsed ?? 0n), 0n)).toBe(gasUsed);
      const hashes = records.units.flatMap(({ unit }) => (unit.kind === "transaction" ? unit.hash : []));
      expect(hashes).toEqual(trial.block.transactions.map(({ hash }) => hash));
    }
  });

  test.each([
    ["the chain's own", QUARKCHAIN_RULES],
    ["goquarkchain's", GOQUARKCHAIN_RULES],
    ["later ones", ruleSet("quarkchain+berlin+6780")],
  ])("the changes of all units make the new state out of the parent's, by %s rules", (_, rules) => {
    for (const trial of all) {
      const records = record(trial, rules);
      const { stateRoot } = computed(records);
      const root = rootByChanges(trial, records, rules);
      expect(toHex(root), `${trial.fullShardId}:${trial.height}`).toBe(toHex(stateRoot));
      if (rules === QUARKCHAIN_RULES) expect(bytesEqual(root, trial.block.meta.stateRoot)).toBe(true);
    }
  });

  test("a difference of the results is found in some unit, and no unit differs by itself", () => {
    let differing = 0;
    for (const trial of all) {
      const [ours, theirs] = [record(trial, QUARKCHAIN_RULES), record(trial, GOQUARKCHAIN_RULES)];
      expect(firstDifferingUnit(ours, record(trial, QUARKCHAIN_RULES))).toBeUndefined();
      const isSame = bytesEqual(computed(ours).stateRoot, computed(theirs).stateRoot);
      if (!isSame) expect(firstDifferingUnit(ours, theirs)).toBeDefined();
      if (!isSame) differing++;
    }
    expect(differing).toBeGreaterThan(5);
  });

  test("a deposit that one side lacks is what differs, not the transaction that stands in its place", () => {
    let cut = 0;
    for (const trial of all) {
      const { depositsConsumed } = computed(record(trial, QUARKCHAIN_RULES));
      if (depositsConsumed === 0) continue;
      const payload = { ...trial.payload, deposits: [...trial.payload.deposits].slice(0, depositsConsumed) };
      const whole = record({ ...trial, payload }, QUARKCHAIN_RULES);
      const lacking = record(
        { ...trial, payload: { ...payload, deposits: payload.deposits.slice(0, -1) } },
        QUARKCHAIN_RULES,
      );
      if (whole.result.status === "INVALID" || lacking.result.status === "INVALID") continue;
      cut++;
      for (const found of [firstDifferingUnit(whole, lacking), firstDifferingUnit(lacking, whole)]) {
        expect(found?.unit).toMatchObject({ kind: "deposit", index: depositsConsumed - 1 });
      }
    }
    expect(cut).toBeGreaterThan(5);
  });

  test("what a unit only read is known of it", () => {
    const units = all.flatMap((trial) => record(trial, QUARKCHAIN_RULES).units);
    const readOnly = units.filter(({ accesses, changes }) => accesses.length > changes.length);
    expect(readOnly.length).toBeGreaterThan(10);
    for (const { accesses, changes } of units) {
      const known = new Map(accesses.map((access) => [toHex(access.address), access]));
      for (const change of changes) {
        const access = known.get(toHex(change.address));
        expect(access).toBeDefined();
        if (!change.storageReset) for (const slot of change.slots.keys()) expect(access?.slots).toContain(slot);
      }
    }
  });
});
