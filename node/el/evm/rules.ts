import { type GasSchedule, QUARKCHAIN_GAS } from "./gas.ts";
import type { NetStoragePrices } from "./hardforks/net-storage.ts";
import { type Instruction, type InstructionTable, instructionTable, QUARKCHAIN_INSTRUCTIONS } from "./opcodes.ts";
import type { ModexpPricing } from "./precompiles/modexp.ts";
import { type PrecompileTable, QUARKCHAIN_PRECOMPILES } from "./precompiles/precompiles.ts";

/** What a rule set is defined by: data and named switches. */
export interface RuleDefinition {
  readonly name: string;
  readonly instructions: readonly Instruction[];
  readonly gas: GasSchedule;
  /** A frame this deep makes no further calls or creations. */
  readonly callDepthLimit: number;
  /** Longest code that a creation may leave, in bytes (EIP-170). */
  readonly maxCodeSize: number;
  /** False: LOG's data charge may take the gas below zero (vm.py LOG, `compustate.gas -= msz * GLOGBYTE`). */
  readonly logDataGasChecked: boolean;
  /** False: CREATE2's hashing charge may take the gas below zero (vm.py CREATE2). */
  readonly create2HashGasChecked: boolean;
  /** A call with code and a value in another than the default token fails unless its token id was asked for. */
  readonly tokenIdMustBeQueried: boolean;
  /** An empty base gives zero, even to the power of zero (specials.py proc_modexp). */
  readonly modexpEmptyBaseIsZero: boolean;
  /** GASLIMIT shows the header's limit, not that less what deposits left of their share (messages.py VMExt). */
  readonly gasLimitOfHeader: boolean;
  /** A balance that a call gave and its revert took back leaves an entry of zero (state.py TokenBalances.set_balance). */
  readonly revertKeepsZeroBalances: boolean;
  /** Self-destructed contracts stay until the end of the block, and earn a refund once in it (messages.py). */
  readonly selfDestructAtBlockEnd: boolean;

  /** Numbers of the later Ethereum rules in force. */
  readonly eips: ReadonlySet<number>;
  /** Native code by address. */
  readonly precompiles: PrecompileTable;
  readonly modexpPricing: ModexpPricing;
  /** Longest base, exponent and modulus in bytes (EIP-7823); undefined: any. */
  readonly modexpMaxLength: bigint | undefined;
  /** Longest init code in bytes (EIP-3860). */
  readonly maxInitCodeSize: number;
  /** A creation that leaves code starting with 0xef fails (EIP-3541). */
  readonly refusesCodeWithEf: boolean;
  /** Some instruction looks at what the transaction did before it: see TransactionScope. */
  readonly needsScope: boolean;
  /** EIP-3651; of effect with EIP-2929 only. */
  readonly coinbaseStartsWarm: boolean;
  /** SSTORE's prices by what it changes in the whole transaction (EIP-2200); undefined: those of `gas`. */
  readonly netStorage: NetStoragePrices | undefined;
  readonly transaction: TransactionRules;
}

/** How a transaction is charged around its message. */
interface TransactionRules {
  readonly nonZeroByteGas: bigint;
  /** Of a creation's data (EIP-3860). */
  readonly initCodeWordGas: bigint;
  /** Least price of a token of calldata, a zero byte being one and any other four (EIP-7623). */
  readonly floorTokenGas: bigint;
  /** At most the gas used divided by this is refunded. */
  readonly refundQuotient: bigint;
  readonly selfDestructRefund: bigint;
}

/** Rules in force during an execution. */
export interface Rules extends RuleDefinition {
  readonly table: InstructionTable;
}

export function defineRules(definition: RuleDefinition): Rules {
  return { ...definition, table: instructionTable(definition.instructions) };
}

/** What QuarkChain's mainnet ran from its genesis on; later switches are times in PrecompileSchedule. */
export const QUARKCHAIN_RULES: Rules = defineRules({
  name: "quarkchain",
  instructions: QUARKCHAIN_INSTRUCTIONS,
  gas: QUARKCHAIN_GAS,
  callDepthLimit: 1024,
  maxCodeSize: 24576,
  logDataGasChecked: false,
  create2HashGasChecked: false,
  tokenIdMustBeQueried: true,
  modexpEmptyBaseIsZero: true,
  gasLimitOfHeader: false,
  revertKeepsZeroBalances: true,
  selfDestructAtBlockEnd: false,
  eips: new Set(),
  precompiles: QUARKCHAIN_PRECOMPILES,
  modexpPricing: "eip198",
  modexpMaxLength: undefined,
  maxInitCodeSize: Number.POSITIVE_INFINITY,
  refusesCodeWithEf: false,
  needsScope: false,
  coinbaseStartsWarm: false,
  netStorage: undefined,
  transaction: {
    nonZeroByteGas: 68n,
    initCodeWordGas: 0n,
    floorTokenGas: 0n,
    refundQuotient: 2n,
    selfDestructRefund: 24000n,
  },
});

/**
 * Where goquarkchain executes otherwise, as far as it is a switch: it serves to explain a block, never to judge one
 * (docs/adr/0003-two-clients-two-truths.md).
 */
export const GOQUARKCHAIN_RULES: Rules = defineRules({
  ...QUARKCHAIN_RULES,
  name: "goquarkchain",
  gasLimitOfHeader: true,
  revertKeepsZeroBalances: false,
  selfDestructAtBlockEnd: true,
});
