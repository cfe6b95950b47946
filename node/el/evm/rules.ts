import { type GasSchedule, QUARKCHAIN_GAS } from "./gas.ts";
import { type Instruction, type InstructionTable, instructionTable, QUARKCHAIN_INSTRUCTIONS } from "./opcodes.ts";

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
