import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { PREFIX, prefixedKey } from "../../node/archive/pyquarkchain/keys.ts";
import { decodeDepositList, encodeDepositList } from "../../node/chain/deposit.ts";
import { merkleRoot } from "../../node/chain/merkle-root.ts";
import { wrapTransaction } from "../../node/chain/typed-transaction.ts";
import { examineDatabase } from "../doctor/doctor.ts";
import { inspect } from "../inspect/inspect.ts";
import type { InspectSubject } from "../inspect/subjects.ts";
import { FIXTURE, FixtureChain, shardFolder, withMeta } from "./twin-chain.testkit.ts";
import { checkInProcess } from "./twin-check.testkit.ts";

/** More than a call may have arguments. */
const ROWS = 200_000;
/** As much as takes a second to execute. */
const DEPOSITS = 12_000;
const SHARD = 1;
const HEIGHT = 20;
/** Far more than any of them takes: minutes are what the test is about. */
const MILLISECONDS = 60_000;

function looked(db: string, subject: InspectSubject, reference: string) {
  const common = { db, configPath: undefined, at: undefined, withCode: false, tokens: [], json: true, raw: false };
  return inspect({ ...common, subject, references: [reference] });
}

let chain: FixtureChain;
beforeAll(() => {
  chain = new FixtureChain();
});
afterAll(() => chain.close());

describe(`a block of ${ROWS} transactions of a few bytes`, () => {
  let twin: DatabaseTwin;
  beforeAll(() => {
    const transactions = new Array(ROWS).fill(wrapTransaction(Uint8Array.of(0xc0)));
    const root = merkleRoot(transactions.map(({ hash }) => hash));
    const change = (block: Parameters<typeof withMeta>[0]) => ({
      ...withMeta(block, { merkleRoot: root }),
      transactions,
    });
    twin = chain.forge({ minor: { fullShardId: SHARD, height: HEIGHT, change } });
  });
  afterAll(() => twin.remove());

  test("is shown whole", () => {
    const { json, text } = looked(twin.dir, "minor", `${SHARD}:${HEIGHT}`);
    expect(json.transactions).toHaveLength(ROWS);
    expect(text.join("\n").split("\n").length).toBeGreaterThan(ROWS);
  });

  test("differs, and checkdb says where", { timeout: MILLISECONDS }, async () => {
    const span = { shard: [SHARD], from: 1, to: 8 };
    const { exitCode, report } = await checkInProcess(twin.dir, span);
    expect(exitCode).toBe(2);
    expect(report?.divergences).toContainEqual(expect.objectContaining({ fullShardId: SHARD, height: HEIGHT }));
  });

  test("doctor comes to its end", { timeout: MILLISECONDS }, async () => {
    const request = { db: twin.dir, configPath: undefined, deep: true, trialSeconds: 0 };
    const { findings } = await examineDatabase(request);
    expect(findings.filter(({ code }) => code === "STORE_UNREADABLE")).toEqual([]);
  });
});

describe(`a list of ${DEPOSITS} deposits`, () => {
  let twin: DatabaseTwin;
  let target = 0;
  let source = "";
  beforeAll(() => {
    twin = new DatabaseTwin(FIXTURE);
    target = chain.shardIds.find((id) => id !== SHARD) as number;
    for (let height = 1; source === ""; height++) {
      const key = prefixedKey(PREFIX.receivedDeposits, chain.minorHash(SHARD, height));
      const row = chain.db.shard(target).rows.get(key);
      const [deposit] = row === undefined ? [] : decodeDepositList(row).deposits;
      if (deposit === undefined) continue;
      twin.put(shardFolder(target), key, encodeDepositList(new Array(DEPOSITS).fill(deposit)));
      source = `${SHARD}:${height}`;
    }
    twin.write();
  });
  afterAll(() => twin.remove());

  test("is shown whole", () => {
    const { json, text } = looked(twin.dir, "deposits", source);
    const sent = json.sent as readonly { readonly deposits: readonly unknown[] }[];
    expect(Math.max(...sent.map(({ deposits }) => deposits.length))).toBe(DEPOSITS);
    expect(text.length).toBeGreaterThan(DEPOSITS);
  });

  test("differs, and no rule is tried on so many", { timeout: MILLISECONDS }, async () => {
    const { exitCode, report } = await checkInProcess(twin.dir, { shard: [SHARD, target], from: 1, to: 7 });
    expect(exitCode).toBe(2);
    const fields = report?.divergences.map(({ fullShardId, fields }) => [fullShardId, fields[0].field]);
    expect(fields).toEqual(
      expect.arrayContaining([
        [SHARD, "xshardSends"],
        [target, "stateRoot"],
      ]),
    );
    expect(report?.warnings).toContainEqual(expect.stringMatching(/transactions and deposits are too many to search/));
  });
});
