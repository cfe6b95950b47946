import { describe, expect, test } from "vitest";
import { intrinsicGas, isCrossShard } from "../../chain/evm-transaction.ts";
import { addressFromHex, bytesKey, hashFromHex, toHex } from "../../codec/bytes.ts";
import type { ExecutionConfig } from "../execution-config.ts";
import { applyDeposit } from "./apply-deposit.ts";
import { applyTransaction } from "./apply-transaction.ts";
import { beginExecution } from "./block-execution.testkit.ts";
import type { BlockExecution } from "./block-execution.ts";
import { TransactionInvalidError, type TransactionRefusal } from "./transaction-invalid-error.ts";
import {
  type Allocation,
  amountsRow,
  type DepositRow,
  depositOf,
  networkConfig,
  type ReceiptRow,
  readVectors,
  receiptRow,
  type TransactionRow,
  transactionOf,
} from "./vectors.testkit.ts";

interface TransactionStep {
  readonly kind: "transaction";
  readonly transaction: TransactionRow;
  readonly success?: boolean;
  readonly output?: string;
  /** pyquarkchain's exception, when it refused the transaction; the block goes on in these sequences. */
  readonly error_type?: string;
}

interface DepositStep {
  readonly kind: "deposit";
  readonly deposit: DepositRow;
  readonly after_ddos_fix: boolean;
}

interface SequenceRow {
  readonly local_fee_rate: readonly [string, string];
  readonly default_chain_token: string;
  readonly timestamp: number;
  readonly pre_alloc: Allocation;
  readonly locked: Record<string, string>;
  readonly steps: readonly (TransactionStep | DepositStep)[];
  readonly gas_used: string;
  readonly block_fee_tokens: Record<string, string>;
  readonly receipts: readonly ReceiptRow[];
  readonly xshard_deposit_receipts: readonly ReceiptRow[];
  readonly xshard_list: readonly DepositRow[];
  readonly post_state_root: string;
}

const FIX_HEIGHT = 10;
const COINBASE = addressFromHex(`cc${"00".repeat(18)}cc`);

/** Devnet with contracts from time 100 and native tokens from time 200 on. */
function configOf(row: SequenceRow): ExecutionConfig {
  const devnet = networkConfig("devnet");
  const [numerator, denominator] = row.local_fee_rate.map(BigInt);
  return {
    ...devnet,
    localFeeRate: { numerator, denominator },
    enableEvmTimestamp: 100,
    xshardGasDdosFixRootHeight: FIX_HEIGHT,
    chain: {
      ...devnet.chain,
      schedule: { evm: 100, nonReservedNativeToken: 200, generalNativeToken: 200 },
      defaultChainToken: BigInt(row.default_chain_token),
    },
  };
}

function run(execution: BlockExecution, step: TransactionStep | DepositStep): void {
  if (step.kind === "deposit") {
    const rootBlockHeight = step.after_ddos_fix ? FIX_HEIGHT : FIX_HEIGHT - 1;
    const cursor = { rootBlockHeight, minorBlockIndex: 1, xshardDepositIndex: 0 };
    applyDeposit(execution, { deposit: depositOf(step.deposit), cursor });
    return;
  }
  const transaction = transactionOf(step.transaction);
  const crossShard = isCrossShard(transaction, execution.config.shardSizes);
  const outcome = applyTransaction(execution, {
    transaction,
    hash: hashFromHex(step.transaction.hash),
    sender: addressFromHex(step.transaction.sender),
    isCrossShard: crossShard,
    intrinsicGas: intrinsicGas(transaction, crossShard),
  });
  expect({ success: outcome.success, output: `0x${toHex(outcome.output)}` }).toEqual({
    success: step.success,
    output: step.output,
  });
}

const EXCEPTIONS: Partial<Record<TransactionRefusal, string>> = {
  WRONG_NONCE: "InvalidNonce",
  INTRINSIC_GAS: "InsufficientStartGas",
  INSUFFICIENT_BALANCE: "InsufficientBalance",
  TOKEN_WITHOUT_BALANCE: "InvalidNativeToken",
  GAS_TOKEN_NOT_READY: "InvalidNativeToken",
  GAS_TOKEN_RESERVE: "InvalidNativeToken",
};

function exceptionOf(execution: BlockExecution, step: TransactionStep | DepositStep): string | undefined {
  try {
    run(execution, step);
    return undefined;
  } catch (error) {
    if (error instanceof TransactionInvalidError) return EXCEPTIONS[error.refusal];
    throw error;
  }
}

describe("random sequences of transactions and deposits leave what pyquarkchain leaves", () => {
  test.each([...readVectors<SequenceRow[]>("sequences").entries()])("sequence %i", (_, row) => {
    const locked = Object.entries(row.locked).map(([address, stake]) => [address, BigInt(stake)] as const);
    const { execution, state } = beginExecution({
      config: configOf(row),
      block: {
        coinbase: COINBASE,
        timestamp: row.timestamp,
        number: 7,
        difficulty: 5n,
        senderDisallowMap: new Map(locked.map(([address, stake]) => [bytesKey(addressFromHex(address)), stake])),
      },
      allocation: row.pre_alloc,
    });
    for (const step of row.steps) {
      const expected = step.kind === "transaction" ? step.error_type : undefined;
      expect(exceptionOf(execution, step)).toBe(expected);
    }
    expect(String(execution.gasUsed)).toBe(row.gas_used);
    expect(amountsRow(execution.fees)).toEqual(row.block_fee_tokens);
    expect(execution.receipts.map(receiptRow)).toEqual(row.receipts);
    expect(execution.depositReceipts.map(receiptRow)).toEqual(row.xshard_deposit_receipts);
    expect(execution.xshardSends).toEqual(row.xshard_list.map(depositOf));
    expect(`0x${toHex(state.commit())}`).toBe(row.post_state_root);
  });
});
