import { afterAll, describe, expect, it } from "vitest";
import { encodeReceipt } from "../../../node/chain/receipt.ts";
import { QUARKCHAIN_GAS } from "../../../node/el/evm/gas.ts";
import { QUARKCHAIN_INSTRUCTIONS } from "../../../node/el/evm/opcodes.ts";
import { QUARKCHAIN_RULES, type RuleDefinition } from "../../../node/el/evm/rules.ts";
import type { ExecutionResult } from "../../../node/el/payload.ts";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL } from "../../database/small-fixture.testkit.ts";
import type { FaultParts } from "../seeded-faults/fault.testkit.ts";
import { faultyExecutor } from "../seeded-faults/fault.testkit.ts";
import { blocksOf, faultNamed } from "../seeded-faults/seeded-faults.testkit.ts";
import { findAlteration } from "./altered-blocks.testkit.ts";
import { rootOf } from "./variation.ts";

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
afterAll(() => database.source.close());
const blocks = await blocksOf(database);

function namedFor(parts: FaultParts): readonly string[] {
  const fault = { family: "gas" as const, name: "altered", parts: () => parts };
  const result = findAlteration(blocks, (id) => faultyExecutor(blocks.config, id, fault));
  return [...(result?.found.keys() ?? [])];
}

function instruction(name: string, gas: number): FaultParts {
  return {
    rules: { instructions: QUARKCHAIN_INSTRUCTIONS.map((entry) => (entry.name === name ? { ...entry, gas } : entry)) },
  };
}

function schedule(change: Partial<typeof QUARKCHAIN_GAS>): FaultParts {
  return { rules: { gas: { ...QUARKCHAIN_GAS, ...change } } };
}

function transaction(change: Partial<RuleDefinition["transaction"]>): FaultParts {
  return { rules: { transaction: { ...QUARKCHAIN_RULES.transaction, ...change } } };
}

/** Deposits taken before contracts are enabled use gas and leave no receipt. */
function withoutDepositsInReceipts(computed: ExecutionResult): ExecutionResult {
  const receipts = computed.receipts.map((receipt, i) => {
    const before = i < computed.senders.length ? computed.xshardReceiveGasUsed : 0n;
    return { ...receipt, cumulativeGasUsed: receipt.cumulativeGasUsed - before };
  });
  return { ...computed, receipts, receiptRoot: rootOf(receipts.map(encodeReceipt)) };
}

describe("hypotheses", () => {
  it.each<[string, FaultParts]>([
    ["hypothesis/price.SLOAD=231", instruction("SLOAD", 231)],
    ["hypothesis/price.storageClearRefund=4800", schedule({ storageClearRefund: 4800 })],
    ["hypothesis/price.refundQuotient=5", transaction({ refundQuotient: 5n })],
    ["hypothesis/price.zeroByteGas=3", transaction({ zeroByteGas: 3n })],
    ["hypothesis/rule.switch.feesRoundDown", { rules: { feesRoundDown: false } }],
    ["hypothesis/rule.switch.blankAccountsGo", { rules: { blankAccountsGo: false } }],
    ["hypothesis/rule.switch.zeroBalancesLeaveList", { rules: { zeroBalancesLeaveList: false } }],
    ["hypothesis/receipt.gas-without-deposits", { computed: withoutDepositsInReceipts }],
  ])("names %s", (name, parts) => {
    expect(namedFor(parts)).toEqual([name]);
  });

  it.each([
    ["no tax", /^hypothesis\/reward\.fee-untaxed$/],
    ["no reward", /^hypothesis\/reward\.none$/],
    ["no contract address", /^hypothesis\/receipt\.no-contract-address$/],
    ["one deposit on", /^hypothesis\/deposit\.cursor\/(deposit\+1|next)$/],
    ["SUB operands swapped", /^hypothesis\/opcode\.SUB\//],
  ])("names what fault %j alters", (name, pattern) => {
    const result = findAlteration(blocks, (id) => faultyExecutor(blocks.config, id, faultNamed(name)));
    expect([...(result?.found.keys() ?? [])][0]).toMatch(pattern);
  });

  it("names no price that takes all gas there is", () => {
    const jumps = (id: number) => faultyExecutor(blocks.config, id, faultNamed("JUMPI: target one bit off"));
    const prices = [...(findAlteration(blocks, jumps)?.found.keys() ?? [])].filter((name) => name.includes("/price."));
    expect(prices).toEqual([]);
  });

  it("names nothing where blocks declare what nobody's rules come to", () => {
    let gas = 0n;
    const parts: FaultParts = {
      computed(computed) {
        gas += 7919n;
        return { ...computed, gasUsed: computed.gasUsed + gas };
      },
    };
    expect(namedFor(parts)).toEqual([]);
  });
});
