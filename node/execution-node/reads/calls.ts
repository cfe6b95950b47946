import { type EvmTransaction, isCrossShard, targetFullShardId } from "../../chain/evm-transaction.ts";
import { type Address, type Hash32, ZERO_HASH } from "../../codec/bytes.ts";
import { ExecutionAbortedError } from "../../el/evm/abort.ts";
import type { BlockContext } from "../../el/evm/context.ts";
import { applyTransaction } from "../../el/transactions/apply-transaction.ts";
import type { BlockExecution, Outcome } from "../../el/transactions/block-execution.ts";
import { TransactionInvalidError } from "../../el/transactions/transaction-invalid-error.ts";
import { admitDecoded } from "../../el/transactions/validate-transaction.ts";
import { Turns } from "../../engine/json-rpc/turns.ts";
import { beginOnTip, type TipGround } from "../mempool/tip-execution.ts";

/** What a transfer uses. */
const LEAST_GAS = 21_000n;

/** Who asks; no signature is needed. */
export interface CallSender {
  readonly recipient: Address;
  readonly fullShardKey: number;
}

/** What a call at a height below the tip needs: it runs as in the block behind that height, on its parent's state. */
export interface PastGround
  extends Pick<TipGround, "config" | "nodes" | "senderDisallowMap" | "reachableShards" | "xshardGasLimit"> {
  readonly stateRoot: Hash32;
  /** Of the canonical block behind the height that is asked for. */
  readonly next: TipGround["header"] & { readonly gasLimit: bigint };
  /** Of that block: 1 is the block at the height that is asked for. */
  readonly ancestorHash: BlockContext["ancestorHash"];
}

/** An execution at a height below the tip that nobody keeps (pyquarkchain shard_state.py _get_evm_state_from_height). */
export function beginInPast(ground: PastGround): BlockExecution {
  const { next, stateRoot } = ground;
  return beginOnTip({
    ...ground,
    header: next,
    shape: { kind: "executed", stateRoot, gasLimit: next.gasLimit },
  });
}

/**
 * What a transaction returns (pyquarkchain shard_state.py execute_tx), undefined where it fails or cannot be in a
 * block. Without start gas it has all of the block's; its nonce is the sender's.
 */
export function call(execution: BlockExecution, transaction: EvmTransaction, from: CallSender): Uint8Array | undefined {
  const startGas = transaction.startGas === 0n ? execution.gasLimit : transaction.startGas;
  const outcome = run(execution, transaction, from, startGas);
  return outcome?.success === true ? outcome.output : undefined;
}

/**
 * The least start gas with which a transaction succeeds at the tip (pyquarkchain shard_state.py estimate_gas), undefined
 * where the most it may have does not do. A cross-shard one that ends here is paid for beforehand. Gives way to other
 * work between tries; throws what `signal` says once nobody waits any more.
 */
export async function estimateGas(
  ground: TipGround,
  transaction: EvmTransaction,
  from: CallSender,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const cap = transaction.startGas > LEAST_GAS ? transaction.startGas : beginOnTip(ground).gasLimit;
  const turns = new Turns();
  let tooLittle = LEAST_GAS - 1n;
  let enough = cap;
  while (tooLittle + 1n < enough) {
    await turns.pause();
    signal.throwIfAborted();
    const middle = (tooLittle + enough) / 2n;
    if (succeedsWith(ground, transaction, from, middle)) enough = middle;
    else tooLittle = middle;
  }
  if (enough === cap && !succeedsWith(ground, transaction, from, cap)) return undefined;
  return enough;
}

function succeedsWith(ground: TipGround, transaction: EvmTransaction, from: CallSender, startGas: bigint): boolean {
  const execution = beginOnTip(ground);
  const { shardSizes, fullShardId } = ground.config;
  if (isCrossShard(transaction, shardSizes) && targetFullShardId(transaction, shardSizes) === fullShardId) {
    execution.state.addBalance(from.recipient, transaction.transferTokenId, transaction.value);
    execution.state.addBalance(from.recipient, transaction.gasTokenId, transaction.gasPrice * startGas);
  }
  return run(execution, transaction, from, startGas)?.success ?? false;
}

/** Undefined where it is not valid. */
function run(
  execution: BlockExecution,
  transaction: EvmTransaction,
  { recipient, fullShardKey }: CallSender,
  startGas: bigint,
): Outcome | undefined {
  const nonce = execution.state.getNonce(recipient);
  const asked = { ...transaction, nonce, startGas, fromFullShardKey: fullShardKey, version: 0n };
  try {
    return applyTransaction(execution, admitDecoded(execution, asked, ZERO_HASH, recipient));
  } catch (error) {
    if (error instanceof TransactionInvalidError || error instanceof ExecutionAbortedError) return undefined;
    throw error;
  }
}
