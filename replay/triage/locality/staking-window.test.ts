import { afterAll, expect, test } from "vitest";
import { shardConfigOf } from "../../../node/chain/config.ts";
import { bytesKey, toHex } from "../../../node/codec/bytes.ts";
import { KeptTransaction } from "../../../node/el/transactions/kept-transaction.ts";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL, SMALL_SHARDS } from "../../database/small-fixture.testkit.ts";
import { TrialSource } from "../open-trial.ts";
import { stakingWindow } from "./staking-window.ts";

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
afterAll(() => database.source.close());

const config = database.config.quarkchain;
const STAKING = SMALL_SHARDS.find((id) => shardConfigOf(config, id).posw.totalStakePerBlock > 0n) as number;
const { windowSize, totalStakePerBlock } = shardConfigOf(config, STAKING).posw;

async function blockWith(count: "transactions" | "deposits") {
  const source = new TrialSource(database);
  for (let height = 1; ; height++) {
    const trial = await source.trial({ fullShardId: STAKING, height });
    if ([...trial.payload[count]].length > 1) return trial;
  }
}

test("a unit whose sender has mined in the window is told who else has, and what that locks", async () => {
  const trial = await blockWith("transactions");
  const sender = new KeptTransaction(trial.payload.transactions[1]).sender as Uint8Array;
  const other = new Uint8Array(20).fill(9);
  const senderDisallowMap = new Map([
    [bytesKey(other), totalStakePerBlock],
    [bytesKey(sender), 3n * totalStakePerBlock],
  ]);
  const locking = { ...trial, payload: { ...trial.payload, senderDisallowMap } };
  expect(stakingWindow(config, locking, { kind: "transaction", index: 1, hash: undefined })).toEqual({
    blocks: windowSize,
    perBlock: `${totalStakePerBlock}`,
    sender: `0x${toHex(sender)}`,
    locked: [
      { address: `0x${toHex(other)}`, blocks: 1, amount: `${totalStakePerBlock}` },
      { address: `0x${toHex(sender)}`, blocks: 3, amount: `${3n * totalStakePerBlock}` },
    ],
  });
});

test("a deposit's sender counts, others' stakes are no matter of a unit, nor the reward's", async () => {
  const trial = await blockWith("deposits");
  const [, { deposit }] = [...trial.payload.deposits];
  const from = deposit.from.recipient;
  const locking = (address: Uint8Array) => ({
    ...trial,
    payload: { ...trial.payload, senderDisallowMap: new Map([[bytesKey(address), totalStakePerBlock]]) },
  });
  const unit = { kind: "deposit", index: 1, hash: undefined } as const;
  expect(stakingWindow(config, locking(from), unit)).toMatchObject({ sender: `0x${toHex(from)}` });
  expect(stakingWindow(config, locking(new Uint8Array(20).fill(9)), unit)).toBeUndefined();
  expect(stakingWindow(config, locking(from), { kind: "reward", index: 0, hash: undefined })).toBeUndefined();
});
