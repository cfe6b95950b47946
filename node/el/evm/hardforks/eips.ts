import type { Instruction, Operation, Surcharge } from "../opcodes.ts";
import { blake2f } from "../precompiles/blake2f.ts";
import { BLS12_381_PRECOMPILES } from "../precompiles/bls12-381.ts";
import { p256Verify } from "../precompiles/p256-verify.ts";
import { pointEvaluation } from "../precompiles/point-evaluation.ts";
import { withPrecompiles } from "../precompiles/precompiles.ts";
import type { RuleDefinition } from "../rules.ts";
import { ISTANBUL_STORAGE, type NetStoragePrices, storeNet } from "./net-storage.ts";
import {
  baseFee,
  blobBaseFee,
  blobHash,
  chainId,
  copyMemory,
  countLeadingZeros,
  pushZero,
  selfBalance,
  selfDestructIfNew,
  transientLoad,
  transientStore,
} from "./operations.ts";
import {
  accountAccess,
  COLD_SLOT,
  callAccess,
  coldBeneficiary,
  coldSlot,
  initCodeFee,
  slotAccess,
  WARM_ACCESS,
} from "./surcharges.ts";

const SSTORE = "SSTORE";

/** What a rule changes in a definition to which the rules before it in this list are applied. */
type Eip = (rules: RuleDefinition) => RuleDefinition;

/**
 * Ethereum's rules after Petersburg that concern execution, in the order in which they build on each other. A rule
 * works without the ones before it where that has a meaning; prices are then those of its own text.
 */
export const EIPS: ReadonlyMap<number, Eip> = new Map<number, Eip>([
  [2681, (rules) => ({ ...rules, noncesAreLimited: true })],
  [7610, (rules) => ({ ...rules, creationNeedsEmptyStorage: true })],
  [152, (rules) => ({ ...rules, precompiles: withPrecompiles(rules.precompiles, [[9, blake2f]]) })],
  [
    1108,
    (rules) => ({
      ...rules,
      gas: { ...rules.gas, bn256Add: 150, bn256Mul: 6000, bn256PairingBase: 45000, bn256PairingPair: 34000 },
    }),
  ],
  [1344, (rules) => withInstruction(rules, 0x46, "CHAINID", 0, 1, 2, chainId)],
  [
    1884,
    (rules) =>
      withInstruction(
        changed(rules, { SLOAD: { gas: 800 }, BALANCE: { gas: 700 }, EXTCODEHASH: { gas: 700 } }),
        0x47,
        "SELFBALANCE",
        0,
        1,
        5,
        selfBalance,
      ),
  ],
  [2028, (rules) => ({ ...rules, transaction: { ...rules.transaction, nonZeroByteGas: 16n } })],
  [2200, (rules) => withNetStorage(changed(rules, { SLOAD: { gas: 800 } }), ISTANBUL_STORAGE)],
  [2565, (rules) => ({ ...rules, modexpPricing: "eip2565" })],
  [2929, withWarmSets],
  [3198, (rules) => withInstruction(rules, 0x48, "BASEFEE", 0, 1, 2, baseFee)],
  [3529, withSmallerRefunds],
  [3541, (rules) => ({ ...rules, refusesCodeWithEf: true })],
  [3651, (rules) => ({ ...rules, coinbaseStartsWarm: true })],
  [3855, (rules) => withInstruction(rules, 0x5f, "PUSH0", 0, 1, 2, pushZero)],
  [3860, withInitCodeLimit],
  [
    1153,
    (rules) =>
      withInstruction(
        withInstruction({ ...rules, needsScope: true }, 0x5c, "TLOAD", 1, 1, 100, transientLoad),
        0x5d,
        "TSTORE",
        2,
        0,
        100,
        transientStore,
      ),
  ],
  [4844, withBlobs],
  [5656, (rules) => withInstruction(rules, 0x5e, "MCOPY", 3, 0, 3, copyMemory)],
  [6780, (rules) => changed({ ...rules, needsScope: true }, { SELFDESTRUCT: { run: selfDestructIfNew } })],
  [7516, (rules) => withInstruction(rules, 0x4a, "BLOBBASEFEE", 0, 1, 2, blobBaseFee)],
  [2537, (rules) => ({ ...rules, precompiles: withPrecompiles(rules.precompiles, BLS12_381_PRECOMPILES) })],
  [7623, (rules) => ({ ...rules, transaction: { ...rules.transaction, floorTokenGas: 10n } })],
  [7702, withDelegations],
  [7823, (rules) => ({ ...rules, modexpMaxLength: 1024n })],
  [7883, (rules) => ({ ...rules, modexpPricing: "eip7883" })],
  [7939, (rules) => withInstruction(rules, 0x1e, "CLZ", 1, 1, 5, countLeadingZeros)],
  [7951, (rules) => ({ ...rules, precompiles: withPrecompiles(rules.precompiles, [[0x100, p256Verify]]) })],
]);

function withWarmSets(rules: RuleDefinition): RuleDefinition {
  const account = { gas: 0, surcharge: accountAccess(0) };
  const call = { gas: 0, surcharge: accountAccess(1) };
  const warm = changed(
    { ...rules, needsScope: true },
    {
      BALANCE: account,
      EXTCODESIZE: account,
      EXTCODECOPY: account,
      EXTCODEHASH: account,
      CALL: call,
      CALLCODE: call,
      DELEGATECALL: call,
      STATICCALL: call,
      SLOAD: { gas: 0, surcharge: slotAccess },
      SELFDESTRUCT: { surcharge: coldBeneficiary },
    },
  );
  const { netStorage } = rules;
  if (netStorage === undefined) return changed(warm, { SSTORE: { surcharge: coldSlot } });
  const reset = netStorage.reset - COLD_SLOT;
  return withNetStorage(warm, { ...netStorage, dirty: WARM_ACCESS, reset, coldSlot: COLD_SLOT });
}

/** Delegates cost what any account costs, which is nothing of its own without EIP-2929. */
function withDelegations(rules: RuleDefinition): RuleDefinition {
  const follows = { ...rules, followsDelegations: true };
  if (!rules.eips.has(2929)) return follows;
  const call = { surcharge: callAccess };
  return changed(follows, { CALL: call, CALLCODE: call, DELEGATECALL: call, STATICCALL: call });
}

function withBlobs(rules: RuleDefinition): RuleDefinition {
  const withPrecompile = { ...rules, precompiles: withPrecompiles(rules.precompiles, [[10, pointEvaluation]]) };
  return withInstruction(withPrecompile, 0x49, "BLOBHASH", 1, 1, 3, blobHash);
}

function withSmallerRefunds(rules: RuleDefinition): RuleDefinition {
  const clearRefund = 4800;
  const changedRules = {
    ...rules,
    gas: { ...rules.gas, storageClearRefund: clearRefund },
    transaction: { ...rules.transaction, refundQuotient: 5n, selfDestructRefund: 0n },
  };
  const { netStorage } = rules;
  return netStorage === undefined ? changedRules : withNetStorage(changedRules, { ...netStorage, clearRefund });
}

function withInitCodeLimit(rules: RuleDefinition): RuleDefinition {
  const limited = {
    ...rules,
    maxInitCodeSize: 2 * rules.maxCodeSize,
    transaction: { ...rules.transaction, initCodeWordGas: 2n },
  };
  return changed(limited, { CREATE: { surcharge: initCodeFee }, CREATE2: { surcharge: initCodeFee } });
}

function withNetStorage(rules: RuleDefinition, netStorage: NetStoragePrices): RuleDefinition {
  const run: Operation = (context, frame) => storeNet(netStorage, context, frame);
  return changed({ ...rules, needsScope: true, netStorage }, { [SSTORE]: { run } });
}

function withInstruction(
  rules: RuleDefinition,
  opcode: number,
  name: string,
  inputs: number,
  outputs: number,
  gas: number,
  run: Operation,
): RuleDefinition {
  return { ...rules, instructions: [...rules.instructions, { opcode, name, inputs, outputs, gas, run }] };
}

interface InstructionChange {
  readonly gas?: number;
  readonly surcharge?: Surcharge;
  readonly run?: Operation;
}

function changed(rules: RuleDefinition, changes: Readonly<Record<string, InstructionChange>>): RuleDefinition {
  const instructions: Instruction[] = rules.instructions.map((entry) => ({ ...entry, ...changes[entry.name] }));
  return { ...rules, instructions };
}
