import { INTRINSIC_PRICES, type IntrinsicPrices } from "../../chain/evm-transaction.ts";
import { QUARKCHAIN_STATE_RULES, type StateRules } from "../state/state-rules.ts";
import { type GasSchedule, QUARKCHAIN_GAS } from "./gas.ts";
import type { NetStoragePrices } from "./hardforks/net-storage.ts";
import { type Instruction, type InstructionTable, instructionTable, QUARKCHAIN_INSTRUCTIONS } from "./opcodes.ts";
import type { ModexpPricing } from "./precompiles/modexp.ts";
import { type PrecompileTable, QUARKCHAIN_PRECOMPILES } from "./precompiles/precompiles.ts";

/** What a rule set is defined by: data and named switches. */
export interface RuleDefinition extends StateRules {
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
  /**
   * CALL, CALLCODE and CREATE look whether the default token covers their value (vm.py); goquarkchain looks at the token
   * that the value is in (core/vm/evm.go CanTransfer).
   */
  readonly callsCheckDefaultToken: boolean;
  /** A creation refused for its token leaves the creator's nonce; in goquarkchain it is taken first (core/vm/evm.go create). */
  readonly foreignCreationKeepsNonce: boolean;
  /**
   * Under DELEGATECALL the token transfer is paid by the caller's sender (specials.py proc_transfer_mnt); in goquarkchain
   * by the caller, although the sender's balance is looked at (core/vm/contracts.go transferMnt).
   */
  readonly delegatedTransferIsSenders: boolean;
  /**
   * A DELEGATECALL fails where the stake of the caller's sender is locked (messages.py _apply_msg); in goquarkchain where
   * the caller's own is (core/vm/evm.go DelegateCall).
   */
  readonly delegatedLockIsSenders: boolean;
  /** What a token transfer calls creates contracts without the shard key in their addresses (specials.py proc_transfer_mnt). */
  readonly transferForgetsShardKey: boolean;
  /** Minting and the token balance take a token id's low 64 bits (goquarkchain core/vm/contracts.go mintMNT, balanceMNT). */
  readonly tokenIdsAreCut: boolean;
  /** GASLIMIT shows the header's limit, not that less what deposits left of their share (messages.py VMExt). */
  readonly gasLimitOfHeader: boolean;
  /**
   * Transactions have the header's gas limit less what deposits left of their share (shard_state.py run_block);
   * goquarkchain sets that back to the header's before the first (core/state_processor.go Process).
   */
  readonly depositsKeepTheirGas: boolean;
  /** Before ENABLE_TX_TIMESTAMP only TX_WHITELIST_SENDERS may send (shard_state.py __validate_tx). */
  readonly hasSenderWhitelist: boolean;
  /** The coinbase's part of a fee is rounded down (messages.py apply_transaction_message). */
  readonly feesRoundDown: boolean;
  /** A sent deposit's 9000 gas count where it arrives (messages.py apply_transaction, "handle xshard"). */
  readonly sentGasCountsAtTarget: boolean;
  /** The shard key takes part in the addresses of contracts (messages.py mk_contract_address). */
  readonly addressesHoldShardKey: boolean;
  /** A locked stake stops messages without value, too (messages.py transfer_failure_by_posw_balance_check). */
  readonly lockStopsAllMessages: boolean;
  /**
   * The root height that an XSHARD_GAS_DDOS_FIX_ROOT_HEIGHT of 0 stands for (goquarkchain cluster/config/
   * cluster_config.go initAndValidate takes 0 for "not given").
   */
  readonly xshardGasDdosFixRootHeightForZero: number;

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
  /** A call of an account whose code is a delegation designator runs the code of the account it names (EIP-7702). */
  readonly followsDelegations: boolean;
  /** A creation fails at an address that has storage, too (EIP-7610). */
  readonly creationNeedsEmptyStorage: boolean;
  /** An account whose nonce is 2^64 - 1 creates and sends nothing (EIP-2681). */
  readonly noncesAreLimited: boolean;
  /** EIP-3651; of effect with EIP-2929 only. */
  readonly coinbaseStartsWarm: boolean;
  /** SSTORE's prices by what it changes in the whole transaction (EIP-2200); undefined: those of `gas`. */
  readonly netStorage: NetStoragePrices | undefined;
  readonly transaction: TransactionRules;
}

/** How a transaction is charged around its message. */
interface TransactionRules extends IntrinsicPrices {
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
  ...QUARKCHAIN_STATE_RULES,
  callsCheckDefaultToken: true,
  foreignCreationKeepsNonce: true,
  delegatedTransferIsSenders: true,
  delegatedLockIsSenders: true,
  transferForgetsShardKey: true,
  tokenIdsAreCut: false,
  gasLimitOfHeader: false,
  depositsKeepTheirGas: true,
  hasSenderWhitelist: true,
  feesRoundDown: true,
  sentGasCountsAtTarget: true,
  addressesHoldShardKey: true,
  lockStopsAllMessages: true,
  xshardGasDdosFixRootHeightForZero: 0,
  eips: new Set(),
  precompiles: QUARKCHAIN_PRECOMPILES,
  modexpPricing: "eip198",
  modexpMaxLength: undefined,
  maxInitCodeSize: Number.POSITIVE_INFINITY,
  refusesCodeWithEf: false,
  needsScope: false,
  followsDelegations: false,
  creationNeedsEmptyStorage: false,
  noncesAreLimited: false,
  coinbaseStartsWarm: false,
  netStorage: undefined,
  transaction: {
    ...INTRINSIC_PRICES,
    floorTokenGas: 0n,
    refundQuotient: 2n,
    selfDestructRefund: 24000n,
  },
});

/**
 * How goquarkchain executes: it serves to explain a block, never to judge one. What the list of its senders' stakes and
 * its genesis hang on is in node/cl/consensus-rules.ts (docs/adr/0003-two-clients-two-truths.md).
 */
export const GOQUARKCHAIN_RULES: Rules = defineRules({
  ...QUARKCHAIN_RULES,
  name: "goquarkchain",
  logDataGasChecked: true,
  create2HashGasChecked: true,
  modexpEmptyBaseIsZero: false,
  callsCheckDefaultToken: false,
  foreignCreationKeepsNonce: false,
  delegatedTransferIsSenders: false,
  delegatedLockIsSenders: false,
  transferForgetsShardKey: false,
  tokenIdsAreCut: true,
  gasLimitOfHeader: true,
  depositsKeepTheirGas: false,
  hasSenderWhitelist: false,
  xshardGasDdosFixRootHeightForZero: 90000,
  revertKeepsZeroBalances: false,
  revertKeepsTokenTrie: false,
  readsCreateAccounts: false,
  lostTokenTrieIsNoAccount: true,
  selfDestructAtBlockEnd: true,
});
