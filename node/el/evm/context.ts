import type { Address, Hash32 } from "../../codec/bytes.ts";
import type { EvmState } from "../state/evm-state.ts";
import type { TransactionScope } from "./hardforks/transaction-scope.ts";
import type { PrecompileSchedule } from "./precompiles/schedule.ts";
import type { Rules } from "./rules.ts";
import type { Tracer } from "./tracer.ts";

/** What is the same for every block of a shard. */
export interface ChainContext {
  readonly rules: Rules;
  /** When the QuarkChain precompiles and system contracts start to exist. */
  readonly schedule: PrecompileSchedule;
  /** Token of BALANCE, SELFDESTRUCT and the pre-check of CALL (shard_config.default_chain_token). */
  readonly defaultChainToken: bigint;
  /** What CHAINID shows, the id of EIP-155; needed only by rule sets that have CHAINID. */
  readonly ethChainId?: bigint;
}

/** What is the same for every message of a block. */
export interface BlockContext {
  readonly coinbase: Address;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly number: number;
  readonly difficulty: bigint;
  /** What BASEFEE shows, per gas; absent: 0, as there is no fee market. */
  readonly baseFee?: bigint;
  /** What BLOBBASEFEE shows; absent: 1, the least price, as no block carries a blob. */
  readonly blobBaseFee?: bigint;
  /** Hash of the n-th ancestor, n = 1 for the parent; undefined past genesis or n > 256. */
  readonly ancestorHash: (distance: number) => Hash32 | undefined;
  /** Stake locked per sender, key = bytesKey(address). */
  readonly senderDisallowMap: ReadonlyMap<string, bigint>;
}

/** What is the same for every message of a transaction or deposit (pyquarkchain messages.py VMExt). */
export interface TransactionContext {
  readonly origin: Address;
  /** In the genesis token, after conversion. */
  readonly gasPrice: bigint;
  /** What GASLIMIT shows: state.gas_limit when the transaction or deposit starts. */
  readonly blockGasLimit: bigint;
  /** state.full_shard_key >> 16 when the transaction or deposit starts. */
  readonly chainId: number;
  readonly extras?: TransactionExtras;
}

/** What Ethereum's later transactions bring along and QuarkChain's have no place for. */
export interface TransactionExtras {
  /** Accounts and slots that start warm (EIP-2930), of effect with EIP-2929 only. */
  readonly accessList: readonly AccessListEntry[];
  /** What BLOBHASH shows, 32 bytes each (EIP-4844). */
  readonly blobHashes: readonly Uint8Array[];
}

export interface AccessListEntry {
  readonly address: Address;
  readonly slots: readonly bigint[];
}

export interface ExecutionContext {
  readonly state: EvmState;
  readonly chain: ChainContext;
  readonly block: BlockContext;
  readonly transaction: TransactionContext;
  readonly tracer?: Tracer;
  /** Made by `execute` where the rules need one. */
  readonly scope?: TransactionScope;
}
