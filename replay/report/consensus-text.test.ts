import { expect, test } from "vitest";
import { cursorLines, stakingLines } from "./consensus-text.ts";

test("a walk shows each deposit with its gas, and which one either side stops behind", () => {
  const step = { txHash: "ab", gasUsed: "9000", total: "18000" };
  const lines = cursorLines({
    declared: "2/1/0",
    computed: "2/1/1",
    exhausted: "3/0/0",
    gasLimit: "20000",
    depositsDeclared: 2,
    depositsComputed: 3,
    steps: [
      { ...step, index: 1, cursor: "2/1/0" },
      { ...step, index: 2, cursor: "2/1/1", total: "27000" },
      { index: 3, cursor: "2/1/2", txHash: "cd", gasUsed: null, total: null },
    ],
    omitted: 1,
  });
  expect(lines).toEqual([
    "cursor 2/1/0 declared, behind 2 deposits; 2/1/1 computed, behind 3 deposits; gas limit 20000",
    "… 1 deposit left out",
    "deposit 1, cursor 2/1/0, of ab: gas 9000, 18000 in all — the declared end",
    "deposit 2, cursor 2/1/1, of ab: gas 9000, 27000 in all — the computed end",
    "deposit 3, cursor 2/1/2, of cd: not reached",
  ]);
});

test("the unit's sender comes first among those with locked stakes", () => {
  const locked = [
    { address: "0x09", blocks: 1, amount: "10" },
    { address: "0x07", blocks: 2, amount: "20" },
  ];
  expect(stakingLines({ blocks: 8, perBlock: "10", sender: "0x07", locked })).toEqual([
    "stakes locked by the window of 8 blocks, 10 for each block that one mined:",
    "0x07: 2 blocks, 20 (its sender)",
    "0x09: 1 block, 10",
  ]);
});
