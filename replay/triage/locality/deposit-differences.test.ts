import { expect, it } from "vitest";
import type { CrossShardDeposit } from "../../../node/chain/deposit.ts";
import { asAddress, asHash32 } from "../../../node/codec/bytes.ts";
import { depositDifferences } from "./deposit-differences.ts";
import { NO_OUTCOME } from "./locality.ts";

const address = { recipient: asAddress(new Uint8Array(20).fill(7)), fullShardKey: 0x10000 };
const DEPOSIT: CrossShardDeposit = {
  txHash: asHash32(new Uint8Array(32).fill(1)),
  from: address,
  to: address,
  value: 5n,
  gasPrice: 1n,
  gasTokenId: 35760n,
  transferTokenId: 35760n,
  gasRemained: 100n,
  messageData: Uint8Array.of(1, 2),
  createContract: false,
  isFromRootChain: false,
  refundRate: 100,
};

function differences(stored: readonly CrossShardDeposit[], sent: readonly CrossShardDeposit[]) {
  const side = (deposits: readonly CrossShardDeposit[]) => ({ ...NO_OUTCOME, sends: new Map([[65537, deposits]]) });
  return depositDifferences(side(stored), side(sent));
}

it("names the fields of each deposit that is not what the other shard has stored", () => {
  const other = { ...DEPOSIT, gasRemained: 99n, refundRate: 50 };
  expect(differences([DEPOSIT, other], [DEPOSIT, DEPOSIT])).toEqual([
    {
      fullShardId: 65537,
      index: 1,
      txHash: "01".repeat(32),
      fields: [
        { field: "gasRemained", declared: "99", computed: "100" },
        { field: "refundRate", declared: "50", computed: "100" },
      ],
    },
  ]);
});

it("tells of a deposit that only one side has", () => {
  const [{ index, fields }] = differences([DEPOSIT], [DEPOSIT, DEPOSIT]);
  expect({ index, fields }).toEqual({
    index: 1,
    fields: [{ field: "deposit", declared: "no such deposit", computed: "a deposit" }],
  });
});

it("is empty where all are alike", () => {
  expect(differences([DEPOSIT], [{ ...DEPOSIT }])).toEqual([]);
});
