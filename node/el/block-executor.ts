import type { Address, Hash32 } from "../codec/bytes.ts";
import type { ExecutionPayload, ExecutionResult } from "./payload.ts";

/** A payload that cannot be executed: one of its transactions is invalid on that state. */
export interface PayloadRejection {
  /** Index of the transaction, or undefined where no single one is to blame. */
  readonly transactionIndex?: number;
  /** Stable name of the reason, where it is the transaction's. */
  readonly refusal?: string;
  readonly reason: string;
}

export type NewPayloadResult =
  | { readonly status: "EXECUTED"; readonly computed: ExecutionResult }
  | { readonly status: "INVALID"; readonly rejection: PayloadRejection };

/** Answer that is there at once (in process) or comes later (over a network). */
export type Awaitable<T> = T | Promise<T>;

/** The boundary between consensus and execution. */
export interface EngineClient {
  /** Executes a payload on its parent state and answers with everything it computed; nothing becomes canonical. */
  newPayload(payload: ExecutionPayload): Awaitable<NewPayloadResult>;
  /** Balance of an account in a state; 0 for an absent one. */
  getBalance(request: BalanceRequest): Awaitable<bigint>;
  /** Calls a contract on a state without keeping anything: success flag and output. */
  call(request: ContractCall): Awaitable<ContractCallResult>;
}

export interface BalanceRequest {
  readonly fullShardId: number;
  readonly stateRoot: Hash32;
  readonly address: Address;
  readonly tokenId: bigint;
}

/** A read-only transaction (pyquarkchain shard_state.py get_root_chain_stakes). */
export interface ContractCall {
  readonly fullShardId: number;
  readonly stateRoot: Hash32;
  readonly to: Address;
  readonly data: Uint8Array;
  readonly gas: bigint;
}

export interface ContractCallResult {
  readonly codeHash: Hash32;
  readonly success: boolean;
  readonly output: Uint8Array;
}
