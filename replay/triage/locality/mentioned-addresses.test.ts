import { expect, test } from "vitest";
import { addressFromHex, fromHex, toHex } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { devnetExecutor, oneBlock } from "../steps/one-block.testkit.ts";
import { recordUnits } from "../units/record-units.ts";
import { Preimages } from "./preimages.ts";

const A = "aaaa0000000000000000000000000000000000a1";
const IN_STORAGE = "11".repeat(20);
const IN_LOG = "22".repeat(20);
const IN_ARGUMENT = "33".repeat(20);
const NOWHERE = "44".repeat(20);

/** SSTORE of one address at slot 1, LOG1 with the other as its topic. */
const CODE = `73${IN_STORAGE}60015573${IN_LOG}60006000a1`;

test("addresses in storage, logs and arguments are known, others are not", () => {
  const data = fromHex(`a9059cbb${IN_ARGUMENT.padStart(64, "0")}`);
  const trial = oneBlock({ contracts: { [A]: CODE }, calls: [{ to: A, data }], deposits: [A] });
  const preimages = new Preimages(trial, [recordUnits(trial, devnetExecutor(QUARKCHAIN_RULES))]);
  const known = (address: string) => preimages.addressOf(keccak256(addressFromHex(address)));
  for (const address of [IN_STORAGE, IN_LOG, IN_ARGUMENT])
    expect(toHex(known(address) ?? new Uint8Array())).toBe(address);
  expect(known(NOWHERE)).toBeUndefined();
});
