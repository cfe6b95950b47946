import { describe, expect, test } from "vitest";
import { intrinsicGas, isCrossShard } from "../../chain/evm-transaction.ts";
import { addressFromHex, hashFromHex, toHex } from "../../codec/bytes.ts";
import { ExecutionAbortedError } from "../evm/abort.ts";
import { applyDeposit } from "./apply-deposit.ts";
import { applyTransaction } from "./apply-transaction.ts";
import { beginExecution } from "./block-execution.testkit.ts";
import type { BlockExecution } from "./block-execution.ts";
import { TransactionInvalidError } from "./transaction-invalid-error.ts";
import {
  type Allocation,
  amountsRow,
  type DepositRow,
  depositOf,
  type Network,
  networkConfig,
  type ReceiptRow,
  readVectors,
  receiptRow,
  type TransactionRow,
  transactionOf,
} from "./vectors.testkit.ts";

type Input =
  | { readonly kind: "transaction"; readonly transaction: TransactionRow }
  | { readonly kind: "deposit"; readonly deposit: DepositRow };

interface MessageCase {
  readonly name: string;
  readonly network: Network;
  readonly expect: "success" | "rejected";
  readonly context: {
    readonly timestamp: number;
    readonly gas_limit: number;
    readonly block_number: number;
    readonly block_coinbase: string;
    readonly block_difficulty: number;
  };
  readonly pre_alloc: Allocation;
  readonly inputs: readonly Input[];
  readonly result: { readonly success?: boolean; readonly output?: string; readonly error_type?: string };
  readonly post_state_root: string;
  readonly gas_used: number;
  readonly block_fee_tokens: Record<string, string>;
  readonly receipts: readonly ReceiptRow[];
  readonly xshard_deposit_receipts: readonly ReceiptRow[];
  readonly xshard_list: readonly DepositRow[];
}

const cases = readVectors<MessageCase[]>("messages");

function begin({ network, context, pre_alloc }: MessageCase) {
  return beginExecution({
    config: networkConfig(network),
    block: {
      coinbase: addressFromHex(context.block_coinbase),
      timestamp: context.timestamp,
      number: context.block_number,
      difficulty: BigInt(context.block_difficulty),
    },
    allocation: pre_alloc,
    gasLimit: BigInt(context.gas_limit),
  });
}

function applyInput(execution: BlockExecution, input: Input) {
  if (input.kind === "deposit") {
    const cursor = { rootBlockHeight: 90000, minorBlockIndex: 1, xshardDepositIndex: 0 };
    applyDeposit(execution, { deposit: depositOf(input.deposit), cursor });
    return undefined;
  }
  const transaction = transactionOf(input.transaction);
  const crossShard = isCrossShard(transaction, execution.config.shardSizes);
  return applyTransaction(execution, {
    transaction,
    hash: hashFromHex(input.transaction.hash),
    sender: addressFromHex(input.transaction.sender),
    isCrossShard: crossShard,
    intrinsicGas: intrinsicGas(transaction, crossShard),
  });
}

describe("single transactions and deposits end as in pyquarkchain", () => {
  test.each(cases.filter((vector) => vector.expect === "success"))("$name", (vector) => {
    const { execution, state } = begin(vector);
    for (const input of vector.inputs) {
      const outcome = applyInput(execution, input);
      if (outcome === undefined) continue;
      expect(outcome.success).toBe(vector.result.success);
      expect(`0x${toHex(outcome.output)}`).toBe(vector.result.output);
    }
    expect(Number(execution.gasUsed)).toBe(vector.gas_used);
    expect(amountsRow(execution.fees)).toEqual(vector.block_fee_tokens);
    expect(execution.receipts.map(receiptRow)).toEqual(vector.receipts);
    expect(execution.depositReceipts.map(receiptRow)).toEqual(vector.xshard_deposit_receipts);
    expect(execution.xshardSends).toEqual(vector.xshard_list.map(depositOf));
    expect(`0x${toHex(state.commit())}`).toBe(vector.post_state_root);
  });

  const refusals: Record<string, string> = {
    in_shard_transfer_nonce_too_high: "WRONG_NONCE",
    in_shard_transfer_insufficient_balance: "INSUFFICIENT_BALANCE",
    native_token_transfer_sender_holds_none: "TOKEN_WITHOUT_BALANCE",
    native_token_as_gas_priced_at_zero: "GAS_TOKEN_NOT_READY",
    native_token_as_gas_reserve_too_small: "GAS_TOKEN_RESERVE",
    eip155_before_enable_timestamp: "EIP155_NOT_ENABLED",
    eip155_non_default_token: "EIP155_TOKEN",
    eip155_non_zero_shard_key: "EIP155_CROSS_SHARD",
    create2_word_gas_underflows: "ABORTED",
  };
  test.each(cases.filter((vector) => vector.expect === "rejected"))("$name is refused", (vector) => {
    const { execution } = begin(vector);
    let refusal: string | undefined;
    try {
      for (const input of vector.inputs) applyInput(execution, input);
    } catch (error) {
      if (error instanceof TransactionInvalidError) refusal = error.refusal;
      else if (error instanceof ExecutionAbortedError) refusal = "ABORTED";
      else throw error;
    }
    expect(refusal).toBe(refusals[vector.name]);
  });
});
