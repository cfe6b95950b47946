import { wrapTransaction } from "../../../node/chain/typed-transaction.ts";
import { addressFromHex, bytesKey, type Hash32 } from "../../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import type { Tracer } from "../../../node/el/evm/tracer.ts";
import type { ExecutionConfig } from "../../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../../node/el/execution-layer.ts";
import { InProcessClient } from "../../../node/el/in-process-executor.ts";
import type { ExecutionPayload } from "../../../node/el/payload.ts";
import type { NodeStore } from "../../../node/el/state/node-store.ts";
import { MemoryNodes } from "../../../node/el/store/memory-nodes.ts";
import type { Executor } from "../../execution/trial.ts";
import { writePreState } from "./case-state.ts";
import type { ReproducerCase } from "./format.ts";
import { TouchedState } from "./touched-state.ts";

/** How a case's execution ended, and the state rows it can be looked up in. */
export interface CaseRun {
  readonly result: NewPayloadResult;
  readonly nodes: NodeStore;
  readonly touched: TouchedState;
}

/** Executes a case on a state of its own; `touched` gathers what it uses. */
export function runCase(
  subject: ReproducerCase,
  executor: Executor,
  tracer?: Tracer,
  touched = new TouchedState(),
): CaseRun {
  const nodes = new MemoryNodes();
  const parentStateRoot = writePreState(nodes, subject.pre);
  const result = executor.execute(payloadOf(subject, parentStateRoot), nodes, {
    tracer,
    wrapState: (state) => touched.watch(state),
    enterUnit: () => {},
    leaveUnit: () => {},
  });
  return { result, nodes, touched };
}

/** Our own execution by a case's configuration. */
export function configExecutor(config: ExecutionConfig): Executor {
  return {
    name: config.chain.rules.name,
    execute: (payload, nodes, observer) =>
      new InProcessClient([new ExecutionLayer(config, nodes)]).newPayload(payload, observer),
  };
}

function payloadOf(
  { config, block, deposits, transactions }: ReproducerCase,
  parentStateRoot: Hash32,
): ExecutionPayload {
  return {
    fullShardId: config.fullShardId,
    parentStateRoot,
    height: block.height,
    timestamp: block.timestamp,
    coinbase: block.coinbase,
    difficulty: block.difficulty,
    gasLimit: block.gasLimit,
    xshardGasLimit: block.xshardGasLimit,
    transactions: transactions.map(({ rlp }) => wrapTransaction(rlp)),
    ancestorHash: (distance) => block.ancestorHashes[distance],
    deposits,
    exhaustedCursor: block.exhaustedCursor,
    senderDisallowMap: new Map(
      Object.entries(block.senderDisallowMap).map(([address, stake]) => [bytesKey(addressFromHex(address)), stake]),
    ),
    reachableShards: new Set(block.reachableShards),
    blockReward: new Map(Object.entries(block.blockReward).map(([tokenId, amount]) => [BigInt(tokenId), amount])),
  };
}
