import { type GasSchedule, QUARKCHAIN_GAS } from "../../../node/el/evm/gas.ts";
import { QUARKCHAIN_INSTRUCTIONS } from "../../../node/el/evm/opcodes.ts";
import { QUARKCHAIN_RULES, type RuleDefinition } from "../../../node/el/evm/rules.ts";
import type { Fault } from "./fault.testkit.ts";
import { changedInstruction } from "./interpreter-faults.testkit.ts";

const CALLS = ["CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"];
const COPIES = ["CALLDATACOPY", "CODECOPY", "EXTCODECOPY", "RETURNDATACOPY"];
const MEMORY = ["MSTORE", "MSTORE8", "MLOAD", "SHA3", "RETURN", "REVERT", "LOG0", "LOG1", "LOG2", "LOG3", "LOG4"];

/** Prices, and the instructions that pay them. */
const PRICES: readonly (readonly [price: keyof GasSchedule, by: number, opcodes: readonly string[]])[] = [
  ["memoryWord", 1, [...MEMORY, ...COPIES, ...CALLS, "CREATE", "CREATE2"]],
  ["copyWord", 1, COPIES],
  ["sha3Word", -1, ["SHA3", "CREATE2"]],
  ["expByte", 1, ["EXP"]],
  ["logByte", 1, ["LOG0", "LOG1", "LOG2", "LOG3", "LOG4"]],
  ["storageSet", -1, ["SSTORE"]],
  ["storageChange", 200, ["SSTORE"]],
  ["storageClear", 1, ["SSTORE"]],
  ["storageClearRefund", -200, ["SSTORE"]],
  ["callNewAccount", 1, ["CALL", "SELFDESTRUCT"]],
  ["callValueTransfer", -1, ["CALL", "CALLCODE"]],
  ["callStipend", 100, ["CALL", "CALLCODE"]],
  ["childGasDivisor", -32, [...CALLS, "CREATE", "CREATE2"]],
];

export const GAS_FAULTS: readonly Fault[] = [
  ...QUARKCHAIN_INSTRUCTIONS.filter(({ gas }) => gas > 0).flatMap(({ name, gas }) =>
    [1, -1].map((by): Fault => {
      const parts = changedInstruction(name, (note) => ({
        surcharge: (_, frame) => {
          note(frame);
          return by;
        },
      }));
      return { family: "gas", name: `${name} costs ${gas + by}`, opcodes: [name], partsAtHit: true, parts };
    }),
  ),
  ...PRICES.map(([price, by, opcodes]): Fault => {
    const gas = { ...QUARKCHAIN_GAS, [price]: QUARKCHAIN_GAS[price] + by };
    return { family: "gas", name: `${price} is ${gas[price]}`, opcodes, parts: () => ({ rules: { gas } }) };
  }),
  priceOfTransaction("nonZeroByteGas", 16n),
  priceOfTransaction("refundQuotient", 3n),
  priceOfTransaction("selfDestructRefund", 0n),
  // A creation's code is paid for when its frame is left.
  rulesFault("codeDepositByte is 201", { gas: { ...QUARKCHAIN_GAS, codeDepositByte: 201 } }),
];

function priceOfTransaction(price: keyof RuleDefinition["transaction"], value: bigint): Fault {
  return rulesFault(`${price} is ${value}`, { transaction: { ...QUARKCHAIN_RULES.transaction, [price]: value } });
}

function rulesFault(name: string, rules: Partial<RuleDefinition>): Fault {
  return { family: "gas", name, parts: () => ({ rules }) };
}
