import { expect, test } from "vitest";
import { fromHex, toHex, utf8 } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { executionConfigOf } from "./case-config.ts";
import { addressKey, slotKey } from "./case-state.ts";
import type { ReproducerCase } from "./format.ts";
import { entriesOf, outcomeOf } from "./outcome.ts";
import { HashedKeys, withKnownSenders } from "./rename-senders.ts";
import { smallReproducer } from "./reproducer.testkit.ts";
import { configExecutor, runCase } from "./run-case.ts";
import { addressOfKey, decodedTransaction, senderKey, senderOf, signedBy } from "./sender-keys.ts";

const CONTRACT = `0x${"c0".repeat(20)}`;
/** Copies the sender's entry of the mapping in slot 0 to slot 1: sstore(1, sload(keccak(caller ++ 0))). */
const COPY_OWN_ENTRY = fromHex("33600052600060205260406000205460015500");
const OWN_KEY = keccak256(utf8("somebody"));

function mappingSlot(address: Uint8Array): string {
  return slotKey(BigInt(`0x${toHex(keccak256(fromHex(toHex(address).padStart(64, "0") + "0".repeat(64))))}`));
}

/** A transaction of somebody who has an entry in a contract's mapping. */
async function mappingCase(): Promise<ReproducerCase> {
  const { config, block, transactions } = await smallReproducer();
  const sender = addressOfKey(OWN_KEY);
  const transaction = decodedTransaction(transactions[0]);
  if (transaction === undefined) throw new Error("no transaction");
  const call = { ...transaction, nonce: 0n, to: fromHex(CONTRACT), value: 0n, data: fromHex("") };
  const { rlp } = signedBy(call as typeof transaction, OWN_KEY) ?? transactions[0];
  const { fromFullShardKey: fullShardKey } = transaction;
  const code = COPY_OWN_ENTRY;
  return {
    config,
    block,
    deposits: [],
    transactions: [{ rlp }],
    pre: {
      [addressKey(sender)]: {
        nonce: 0n,
        balances: { 35760: 10n ** 20n },
        code: fromHex(""),
        storage: {},
        fullShardKey,
      },
      [CONTRACT]: { nonce: 1n, balances: {}, code, storage: { [mappingSlot(sender)]: 7n }, fullShardKey },
    },
  };
}

test("entries that contracts keep by sender move with the sender", async () => {
  const subject = await mappingCase();
  const executor = configExecutor(executionConfigOf(subject.config, QUARKCHAIN_RULES));
  const hashed = new HashedKeys();
  const run = runCase(subject, executor, hashed);
  const copied = { status: "EXECUTED", state: { [CONTRACT]: { storage: { "0x1": 7n } } } } as const;
  expect(outcomeOf(run, entriesOf(copied))).toMatchObject(copied);

  const renamed = withKnownSenders(subject, hashed);
  if (renamed === undefined) throw new Error("nobody to rename");
  const sender = addressOfKey(senderKey(0));
  expect(senderOf(renamed.transactions[0])).toEqual(sender);
  expect(renamed.transactions[0].secretKey).toEqual(senderKey(0));
  expect(Object.keys(renamed.pre).sort()).toEqual([addressKey(sender), CONTRACT].sort());
  expect(renamed.pre[CONTRACT].storage).toEqual({ [mappingSlot(sender)]: 7n });
  expect(outcomeOf(runCase(renamed, executor), entriesOf(copied))).toMatchObject(copied);
});
