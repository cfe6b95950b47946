import { shardConfigOf, xshardGasLimitOf } from "../../chain/config.ts";
import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import type { BlockExecution } from "../../el/transactions/block-execution.ts";
import { beginOnTip } from "../../execution-node/mempool/tip-execution.ts";
import { beginInPast, call, estimateGas } from "../../execution-node/reads/calls.ts";
import { medianGasPrice } from "../../execution-node/reads/gas-price.ts";
import { UNANSWERED } from "./empty-answers.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import type { ReadView } from "./read-view.ts";

/** pyquarkchain shard_state.py execute_tx: a call that is reverted has no answer either. */
export function executeTransaction(
  view: ReadView,
  { transaction, from, height }: RequestOf<"executeTransaction">,
): AnswerTo<"executeTransaction"> {
  const execution = executionAt(view, height);
  const result = execution && call(execution, decodeEvmTransaction(transaction.rlp), from);
  return result === undefined ? UNANSWERED.executeTransaction : { errorCode: 0, result };
}

/** pyquarkchain shard_state.py estimate_gas, always at the head. */
export async function gasEstimate(
  view: ReadView,
  { transaction, from }: RequestOf<"estimateGas">,
  signal: AbortSignal,
): Promise<AnswerTo<"estimateGas">> {
  const gas = await estimateGas(view.ground, decodeEvmTransaction(transaction.rlp), from, signal);
  return gas === undefined ? UNANSWERED.estimateGas : { errorCode: 0, gas: Number(gas) };
}

/** The median of the newest blocks, `otherwise` where they pay nothing in the token. */
export function gasPrice(view: ReadView, { tokenId }: RequestOf<"gasPrice">, otherwise: bigint): AnswerTo<"gasPrice"> {
  const transactionsAt = (height: number) => {
    const hash = view.hashAt(height);
    return hash === undefined ? [] : view.block(hash).transactions;
  };
  return { errorCode: 0, gasPrice: medianGasPrice(view.headHeight, transactionsAt, tokenId, otherwise) };
}

/** Undefined behind a height that no block has (pyquarkchain shard_state.py _get_evm_state_from_height). */
function executionAt(view: ReadView, height: bigint | undefined): BlockExecution | undefined {
  if (height === undefined || height === BigInt(view.headHeight)) return beginOnTip(view.ground);
  const hash = view.hashAt(height);
  const nextHash = view.hashAt(height + 1n);
  if (hash === undefined || nextHash === undefined) return undefined;
  const { config, chain, node } = view.shard;
  const next = view.known(nextHash);
  const cl = view.clOf(next);
  return beginInPast({
    config: node.execution,
    nodes: node.store.nodes.layer(),
    stateRoot: view.stateRootAfter(hash),
    next: next.header,
    ancestorHash: cl.chain.ancestorsFrom(hash),
    senderDisallowMap: cl.inputsOf(next).senderDisallowMap,
    reachableShards: cl.reachableAt(view.snapshot.rootTip.header.height),
    xshardGasLimit: xshardGasLimitOf(shardConfigOf(config, chain.fullShardId)),
  });
}
