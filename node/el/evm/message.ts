import type { Address } from "../../codec/bytes.ts";
import type { ExecutionContext } from "./context.ts";
import { execute } from "./execution.ts";

/** A call (pyquarkchain vm.py Message). */
export interface Message {
  readonly sender: Address;
  /** Account in whose name the code runs. */
  readonly to: Address;
  /** Account whose code runs; `to` but for DELEGATECALL and CALLCODE. */
  readonly codeAddress: Address;
  /** In units of `transferTokenId`. */
  readonly value: bigint;
  readonly transferTokenId: bigint;
  /** At most 2^52, see countGas. */
  readonly gas: number;
  /** Gas that `gas` does not hold. */
  readonly gasReserve?: bigint;
  /** Not changed and not kept by the callee. */
  readonly data: Uint8Array;
  /** 0 for a transaction or deposit. */
  readonly depth: number;
  /** False for DELEGATECALL: `value` is only what CALLVALUE shows. */
  readonly transfersValue: boolean;
  readonly isStatic: boolean;
  /** STATICCALL: its recipient comes into being where a call without value alone does not do that. */
  readonly createsRecipient?: boolean;
  /** Part of the address of contracts created below; undefined gives plain Ethereum addresses. */
  readonly toFullShardKey: number | undefined;
}

/** A contract creation. */
export interface Creation {
  readonly sender: Address;
  readonly value: bigint;
  readonly transferTokenId: bigint;
  readonly gas: number;
  readonly gasReserve?: bigint;
  readonly initCode: Uint8Array;
  readonly depth: number;
  readonly toFullShardKey: number | undefined;
  /** Given: the contract's address, decided elsewhere (deposits, system contracts). */
  readonly recipient?: Address;
  /** 32 bytes, given for CREATE2; `recipient` comes first. */
  readonly salt?: Uint8Array;
}

export interface MessageResult {
  readonly success: boolean;
  /** Can be negative (a frame that ran off its end after an unchecked charge); the parent adds it as it is. */
  readonly gasLeft: number;
  /** More gas left; see Message. */
  readonly gasReserve?: bigint;
  /** Return or revert data; of a successful creation the 20-byte address. */
  readonly output: Uint8Array;
  /** Why it failed, for people. */
  readonly failure?: string;
}

/**
 * Applies a call with the code of `message.codeAddress` (pyquarkchain messages.py apply_msg). On failure the state is
 * as before but for first looks at accounts. Throws ExecutionAbortedError where pyquarkchain's process would raise,
 * UnsupportedError for quantities that are out of this interpreter's range.
 */
export function applyMessage(context: ExecutionContext, message: Message): MessageResult {
  return execute(context, message);
}

/** Creates a contract (pyquarkchain messages.py create_contract). Throws as applyMessage does. */
export function createContract(context: ExecutionContext, creation: Creation): MessageResult {
  return execute(context, creation);
}
