import { QkcError } from "../codec/errors.ts";
import type {
  BalanceRequest,
  ContractCall,
  ContractCallResult,
  EngineClient,
  NewPayloadResult,
  PayloadRejection,
} from "./block-executor.ts";
import { ExecutionAbortedError } from "./evm/abort.ts";
import type { BlockObserver } from "./evm/tracer.ts";
import type { ExecutionLayer } from "./execution-layer.ts";
import type { ExecutionPayload } from "./payload.ts";
import { TransactionInvalidError } from "./transactions/transaction-invalid-error.ts";

/**
 * Execution layers in the same thread, one a shard: objects cross as they are. Payloads that cannot be executed are
 * answered with INVALID; everything else that goes wrong (a damaged database, an unsupported quantity) is thrown.
 */
export class InProcessClient implements EngineClient {
  readonly #layers: ReadonlyMap<number, ExecutionLayer>;

  constructor(layers: Iterable<ExecutionLayer>) {
    this.#layers = new Map([...layers].map((layer) => [layer.fullShardId, layer]));
  }

  newPayload(payload: ExecutionPayload, observer?: BlockObserver): NewPayloadResult {
    const layer = this.#layerOf(payload.fullShardId);
    try {
      return { status: "EXECUTED", computed: layer.execute(payload, observer) };
    } catch (error) {
      return { status: "INVALID", rejection: rejectionOf(error) };
    }
  }

  getBalance({ fullShardId, stateRoot, address, tokenId }: BalanceRequest): bigint {
    return this.#layerOf(fullShardId).getBalance(stateRoot, address, tokenId);
  }

  call({ fullShardId, stateRoot, to, data, gas }: ContractCall): ContractCallResult {
    return this.#layerOf(fullShardId).call(stateRoot, to, data, gas);
  }

  #layerOf(fullShardId: number): ExecutionLayer {
    const layer = this.#layers.get(fullShardId);
    if (layer === undefined) throw new QkcError("INTERNAL", `there is no execution layer for shard ${fullShardId}`);
    return layer;
  }
}

/** Rethrows what is no verdict on the payload. */
function rejectionOf(error: unknown): PayloadRejection {
  if (error instanceof TransactionInvalidError) {
    const { transactionIndex, refusal, explanation } = error;
    return { transactionIndex, refusal, reason: `${explanation} (${refusal})` };
  }
  if (error instanceof ExecutionAbortedError) return { reason: error.message };
  throw error;
}
