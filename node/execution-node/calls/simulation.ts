import { type EvmTransaction, intrinsicGas, isCrossShard } from "../../chain/evm-transaction.ts";
import type { MinorBlockHeader, MinorBlockMeta } from "../../chain/minor-block.ts";
import { type Address, EMPTY_BYTES, type Hash32, toHex, ZERO_ADDRESS, ZERO_HASH } from "../../codec/bytes.ts";
import { ExecutionAbortedError } from "../../el/evm/abort.ts";
import type { MessageResult } from "../../el/evm/message.ts";
import type { Tracer } from "../../el/evm/tracer.ts";
import type { ExecutionConfig } from "../../el/execution-config.ts";
import type { NodeStore } from "../../el/state/node-store.ts";
import { StateCache } from "../../el/state/state-cache.ts";
import { WorldState } from "../../el/state/world-state.ts";
import { applyTransaction } from "../../el/transactions/apply-transaction.ts";
import { type BlockExecution, nothingExecuted } from "../../el/transactions/block-execution.ts";
import { TransactionInvalidError } from "../../el/transactions/transaction-invalid-error.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import { revertReason } from "../debug/geth-tracers/failure-text.ts";
import type { CallRequest } from "../eth-api/fields.ts";

/** Code of "execution reverted" as geth answers it. */
const REVERTED = 3;
const LEAST_GAS = 21_000n;

/** A block whose state calls run on. */
export interface CallBlock {
  readonly header: MinorBlockHeader;
  readonly meta: MinorBlockMeta;
}

/** What calls on one block need of a chain. */
export interface CallGround {
  readonly execution: ExecutionConfig;
  readonly block: CallBlock;
  /** Rows of its state, with a layer for what a call produces. */
  readonly nodes: NodeStore;
  /** Hash of the block's n-th ancestor. */
  readonly ancestorHash: (distance: number) => Hash32 | undefined;
}

/**
 * Runs calls on the state after a block, in a block like that one (same height, time, miner), without keeping
 * anything. Sender and gas need no signature, but the price of the gas, where one is given, has to be there.
 */
export class Simulation {
  readonly #ground: CallGround;
  readonly #cache = new StateCache();

  constructor(ground: CallGround) {
    this.#ground = ground;
  }

  /** What the call returns. Throws EngineError where it cannot run or fails. */
  call(request: CallRequest): Uint8Array {
    const { success, output, failure } = this.#run(request, this.#gasOf(request));
    if (success) return output;
    throw failed(output, failure);
  }

  /** The least start gas with which the transaction succeeds (pyquarkchain shard_state.py estimate_gas). */
  estimateGas(request: CallRequest): bigint {
    const cap = this.#gasOf(request);
    const { success, output, failure } = this.#run(request, cap);
    if (!success) throw failed(output, failure);
    let tooLittle = LEAST_GAS - 1n;
    let enough = cap;
    while (tooLittle + 1n < enough) {
      const middle = (tooLittle + enough) / 2n;
      if (this.#succeeds(request, middle)) enough = middle;
      else tooLittle = middle;
    }
    return enough;
  }

  #gasOf({ gas }: CallRequest): bigint {
    const { gasLimit } = this.#ground.block.header;
    return gas === undefined || gas === 0n || gas > gasLimit ? gasLimit : gas;
  }

  #succeeds(request: CallRequest, gas: bigint): boolean {
    try {
      return this.#run(request, gas).success;
    } catch (error) {
      if (error instanceof EngineError) return false;
      throw error;
    }
  }

  #run(request: CallRequest, gas: bigint): { success: boolean; output: Uint8Array; failure: string | undefined } {
    const { execution: config, nodes, block } = this.#ground;
    const { rules } = config.chain;
    const state = new WorldState(nodes, block.meta.stateRoot, this.#cache, rules);
    const sender = request.from?.recipient ?? ZERO_ADDRESS;
    const transaction = this.#transactionOf(request, gas, state.getNonce(sender));
    const crossShard = isCrossShard(transaction, config.shardSizes);
    const outermost = new OutermostResult();
    const execution = this.#executionOn(state, outermost);
    try {
      const { success, output } = applyTransaction(execution, {
        transaction,
        hash: ZERO_HASH,
        sender,
        isCrossShard: crossShard,
        intrinsicGas: intrinsicGas(transaction, crossShard, rules.transaction),
      });
      return {
        success,
        output: success ? output : (outermost.result?.output ?? EMPTY_BYTES),
        failure: outermost.result?.failure,
      };
    } catch (error) {
      if (error instanceof TransactionInvalidError) throw new EngineError(ENGINE_ERROR.server, error.explanation);
      if (error instanceof ExecutionAbortedError) throw new EngineError(ENGINE_ERROR.server, error.message);
      throw error;
    }
  }

  #transactionOf(request: CallRequest, gas: bigint, nonce: bigint): EvmTransaction {
    const { execution } = this.#ground;
    const fromFullShardKey = request.fromFullShardKey ?? request.from?.fullShardKey ?? execution.fullShardId;
    const token = execution.chain.defaultChainToken;
    return {
      nonce,
      gasPrice: request.gasPrice ?? 0n,
      startGas: gas,
      to: request.to?.recipient,
      value: request.value ?? 0n,
      data: request.input ?? request.data ?? EMPTY_BYTES,
      networkId: execution.networkId,
      fromFullShardKey,
      toFullShardKey: request.toFullShardKey ?? request.to?.fullShardKey ?? fromFullShardKey,
      gasTokenId: request.gasTokenId ?? token,
      transferTokenId: request.transferTokenId ?? token,
      version: 0n,
      v: 0n,
      r: 0n,
      s: 0n,
    };
  }

  #executionOn(state: WorldState, tracer: Tracer): BlockExecution {
    const { execution, block, ancestorHash } = this.#ground;
    const { header, meta } = block;
    return {
      config: execution,
      block: {
        coinbase: header.coinbaseAddress.recipient as Address,
        timestamp: header.createTime,
        number: header.height,
        difficulty: header.difficulty,
        ancestorHash,
        senderDisallowMap: new Map(),
      },
      state,
      tracer,
      xshardGasLimit: meta.xshardGasLimit,
      reachableShards: new Set(),
      headerGasLimit: header.gasLimit,
      gasLimit: header.gasLimit,
      ...nothingExecuted(),
    };
  }
}

/** A failed transaction's receipt has no output: the outermost message's is kept. */
class OutermostResult implements Tracer {
  result: MessageResult | undefined;

  enterMessage(): void {}

  /** The outermost message ends last. */
  leaveMessage(result: MessageResult): void {
    this.result = result;
  }
}

function failed(output: Uint8Array, failure: string | undefined): EngineError {
  if (output.length === 0)
    return new EngineError(ENGINE_ERROR.server, `execution failed: ${failure ?? "without a reason"}`);
  const reason = revertReason(output);
  return new EngineError(REVERTED, `execution reverted${reason === undefined ? "" : `: ${reason}`}`, {
    data: `0x${toHex(output)}`,
  });
}
