import { QkcError } from "../../codec/errors.ts";

/** Why a transaction cannot be part of a block. Stable: reports and tests name them. */
export type TransactionRefusal =
  | "MALFORMED"
  | "WRONG_NETWORK"
  | "WRONG_SHARD"
  | "UNKNOWN_TARGET_CHAIN"
  | "TARGET_NOT_REACHABLE"
  | "XSHARD_GAS_LIMIT"
  | "NOT_WHITELISTED"
  | "EVM_NOT_ENABLED"
  | "INVALID_SIGNATURE"
  | "EIP155_NOT_ENABLED"
  | "EIP155_WRONG_V"
  | "EIP155_CROSS_SHARD"
  | "EIP155_TOKEN"
  | "NUMBER_TOO_LARGE"
  | "WRONG_NONCE"
  | "INTRINSIC_GAS"
  | "INIT_CODE_TOO_LONG"
  | "TOKEN_WITHOUT_BALANCE"
  | "INSUFFICIENT_BALANCE"
  | "GAS_TOKEN_NOT_READY"
  | "GAS_TOKEN_RESERVE"
  | "BLOCK_GAS_LIMIT"
  | "EXECUTION_ABORTED";

/** A transaction that makes its block invalid. */
export class TransactionInvalidError extends QkcError {
  readonly refusal: TransactionRefusal;
  /** Place in the block's transaction list; undefined outside a block. */
  readonly transactionIndex: number | undefined;
  readonly explanation: string;

  constructor(refusal: TransactionRefusal, explanation: string, transactionIndex?: number, options?: ErrorOptions) {
    const place = transactionIndex === undefined ? "transaction" : `transaction ${transactionIndex}`;
    super("TRANSACTION_INVALID", `${place} is invalid: ${explanation} (${refusal})`, options);
    this.refusal = refusal;
    this.transactionIndex = transactionIndex;
    this.explanation = explanation;
  }

  /** The same refusal, naming the place. */
  at(transactionIndex: number): TransactionInvalidError {
    return new TransactionInvalidError(this.refusal, this.explanation, transactionIndex, { cause: this });
  }
}
