import { expect, test } from "vitest";
import { type CrossShardDeposit, encodeDepositList, isSameDeposit } from "../chain/deposit.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { plainDeposit } from "../chain/plain-messages.testkit.ts";
import { addressFromHex, asHash32, bytesEqual } from "../codec/bytes.ts";
import { compareExecution, differingFields } from "./compare-execution.ts";

const FROM = { recipient: addressFromHex("a1".repeat(20)), fullShardKey: 1 };
const TO = { recipient: addressFromHex("b2".repeat(20)), fullShardKey: 0x10001 };
const DEPOSIT = plainDeposit({ from: FROM, to: TO });
const CHANGES: readonly Partial<CrossShardDeposit>[] = [
  { txHash: asHash32(new Uint8Array(32).fill(9)) },
  { from: TO },
  { from: { ...FROM, fullShardKey: 2 } },
  { to: FROM },
  { value: DEPOSIT.value + 1n },
  { gasPrice: DEPOSIT.gasPrice + 1n },
  { gasTokenId: DEPOSIT.gasTokenId + 1n },
  { transferTokenId: DEPOSIT.transferTokenId + 1n },
  { gasRemained: DEPOSIT.gasRemained + 1n },
  { messageData: Uint8Array.of(1) },
  { createContract: !DEPOSIT.createContract },
  { isFromRootChain: !DEPOSIT.isFromRootChain },
  { refundRate: DEPOSIT.refundRate - 1 },
];

/** A block and its execution that agree in all but what is sent. */
const AMOUNTS = new Map<bigint, bigint>();
const BYTES = new Uint8Array(32);
const COMPUTED = {
  stateRoot: asHash32(BYTES),
  receiptRoot: asHash32(BYTES),
  gasUsed: 0n,
  xshardReceiveGasUsed: 0n,
  xshardCursor: { rootBlockHeight: 1, minorBlockIndex: 0, xshardDepositIndex: 0 },
  bloom: new Uint8Array(256),
  coinbaseAmounts: AMOUNTS,
} as unknown as Parameters<typeof differingFields>[1];
const BLOCK = { header: COMPUTED, meta: COMPUTED } as unknown as MinorBlock;

test("deposits are the same where their bytes are, field by field", () => {
  expect(Object.keys({ ...DEPOSIT })).toHaveLength(new Set(CHANGES.flatMap((one) => Object.keys(one))).size);
  expect(isSameDeposit(DEPOSIT, { ...DEPOSIT, messageData: DEPOSIT.messageData.slice() })).toBe(true);
  for (const change of CHANGES) {
    const other = { ...DEPOSIT, ...change };
    expect(bytesEqual(encodeDepositList([DEPOSIT]), encodeDepositList([other]))).toBe(false);
    expect([Object.keys(change), isSameDeposit(DEPOSIT, other)]).toEqual([Object.keys(change), false]);
  }
});

test("to name what differs, no list is encoded, and of lists of other lengths no deposit is looked at", () => {
  const untouchable = new Proxy(DEPOSIT, {
    get: () => {
      throw new Error("looked at");
    },
  });
  const stored = [{ fullShardId: 0x10001, deposits: [untouchable, untouchable] }];
  expect(differingFields(BLOCK, COMPUTED, stored, () => [DEPOSIT])).toEqual(["xshardSends"]);
  const changed = { ...DEPOSIT, value: DEPOSIT.value + 1n };
  const early = [{ fullShardId: 0x10001, deposits: [changed, untouchable] }];
  expect(differingFields(BLOCK, COMPUTED, early, () => [DEPOSIT, DEPOSIT])).toEqual(["xshardSends"]);
});

test("names and texts tell of the same fields", () => {
  for (const sent of [[DEPOSIT], [], [DEPOSIT, DEPOSIT], [{ ...DEPOSIT, refundRate: 1 }]]) {
    const stored = [{ fullShardId: 0x10001, deposits: [DEPOSIT] }];
    const texts = compareExecution(BLOCK, COMPUTED, stored, () => sent);
    expect(differingFields(BLOCK, COMPUTED, stored, () => sent)).toEqual(texts.map(({ field }) => field));
    expect(texts).toHaveLength(sent.length === 1 && sent[0] === DEPOSIT ? 0 : 1);
  }
});
