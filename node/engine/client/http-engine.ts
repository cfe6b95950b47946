import type { Hash32 } from "../../codec/bytes.ts";
import { mostDepositsConsumed, needsMoreDeposits, type WithInputs, withKeptDeposits } from "../api/deposit-lists.ts";
import { ENGINE_METHODS, type EngineMethod } from "../api/methods.ts";
import { type CalledMethod, STRUCT_LOG_METHODS, type StructLogTrace } from "../api/struct-logs.ts";
import type {
  BatchingEngine,
  BlockBalanceRequest,
  BuiltPayload,
  ChainExtended,
  ChainIdentity,
  ClientVersion,
  ForkchoiceState,
  ForkchoiceUpdated,
  PayloadAttributes,
  PayloadBody,
  PayloadStatus,
  QkcPayload,
} from "../engine-api.ts";
import { EngineError, isTooLarge } from "../engine-error.ts";
import { jwtIssuer } from "../json-rpc/jwt.ts";
import { issueText } from "../json-rpc/rpc-method.ts";
import type { BlockTrace, DebugOptions, PreState, TraceOptions, TracingEngine } from "../tracing-engine.ts";
import { EngineProtocolError } from "./engine-failures.ts";
import { HttpTransport } from "./http-transport.ts";
import { type RpcAnswer, type RpcCall, RpcClient } from "./rpc-client.ts";

export interface HttpEngineOptions {
  readonly url: string;
  /** 32 bytes; absent: requests carry no token. */
  readonly jwtSecret?: Uint8Array;
  /** Multiplies the specification's timeouts; default 1. */
  readonly timeoutFactor?: number;
  /** XSHARD_GAS_DDOS_FIX_ROOT_HEIGHT: keeps lists of deposits without a gas price short. */
  readonly xshardGasDdosFixRootHeight?: number;
}

/**
 * An execution layer behind a URL. Throws EngineError for the errors that it answers with, EngineUnavailableError,
 * EngineProtocolError and EngineAuthenticationError as HttpTransport says.
 */
export class HttpEngine implements BatchingEngine, TracingEngine {
  readonly #transport: HttpTransport;
  readonly #client: RpcClient;
  readonly #timeoutFactor: number;
  readonly #ddosFixRootHeight: number;

  constructor(options: HttpEngineOptions) {
    const { url, jwtSecret, timeoutFactor = 1, xshardGasDdosFixRootHeight = Number.POSITIVE_INFINITY } = options;
    this.#transport = new HttpTransport({ url, issueToken: jwtSecret && jwtIssuer(jwtSecret) });
    this.#client = new RpcClient(this.#transport);
    this.#timeoutFactor = timeoutFactor;
    this.#ddosFixRootHeight = xshardGasDdosFixRootHeight;
  }

  exchangeCapabilities(methods: readonly string[]): Promise<readonly string[]> {
    return this.#call(ENGINE_METHODS.exchangeCapabilities, [methods]);
  }

  getClientVersion(caller: ClientVersion): Promise<readonly ClientVersion[]> {
    return this.#call(ENGINE_METHODS.getClientVersion, [caller]);
  }

  chainIdentity(): Promise<ChainIdentity> {
    return this.#call(ENGINE_METHODS.chainIdentity, []);
  }

  newPayload(payload: QkcPayload): Promise<PayloadStatus> {
    return this.#newPayload(withKeptDeposits(payload));
  }

  async newPayloads(payloads: readonly QkcPayload[], state: ForkchoiceState): Promise<ChainExtended> {
    const kept = payloads.map(withKeptDeposits);
    const { newPayload, forkchoiceUpdated } = ENGINE_METHODS;
    const answers = await this.#client.batch([
      ...kept.map((payload) => this.#rpcCall(newPayload, [this.#withFewDeposits(payload, xshardGasLimitOf(payload))])),
      this.#rpcCall(forkchoiceUpdated, [state, undefined]),
    ]);
    if (answers.some((answer) => "error" in answer && needsMoreDeposits(answer.error))) {
      return this.#newPayloadsOneByOne(kept, state);
    }
    return {
      statuses: kept.map((payload, index) => statusOf(payload, answers[index])),
      forkchoice: resultOf(forkchoiceUpdated, answers[kept.length]),
    };
  }

  async forkchoiceUpdated(state: ForkchoiceState, attributes?: PayloadAttributes): Promise<ForkchoiceUpdated> {
    const method = ENGINE_METHODS.forkchoiceUpdated;
    if (attributes === undefined) return this.#call(method, [state, undefined]);
    return this.#sparingDeposits(withKeptDeposits(attributes), attributes.xshardGasLimit, (asked) =>
      this.#call(method, [state, asked]),
    );
  }

  getPayload(payloadId: string): Promise<BuiltPayload> {
    return this.#call(ENGINE_METHODS.getPayload, [payloadId]);
  }

  getPayloadBodiesByHash(hashes: readonly Hash32[]): Promise<readonly (PayloadBody | null)[]> {
    return this.#call(ENGINE_METHODS.getPayloadBodiesByHash, [hashes]);
  }

  getPayloadBodiesByRange(start: number, count: number): Promise<readonly (PayloadBody | null)[]> {
    return this.#call(ENGINE_METHODS.getPayloadBodiesByRange, [start, count]);
  }

  getBalance(request: BlockBalanceRequest): Promise<bigint> {
    return this.#call(ENGINE_METHODS.getBalance, [request]);
  }

  traceBlock(payload: QkcPayload, options: TraceOptions = {}): Promise<BlockTrace> {
    return this.#sparingDeposits(withKeptDeposits(payload), xshardGasLimitOf(payload), (asked) =>
      this.#call(ENGINE_METHODS.traceBlock, [asked, options]),
    );
  }

  preState(payload: QkcPayload, options: DebugOptions = {}): Promise<PreState> {
    return this.#sparingDeposits(withKeptDeposits(payload), xshardGasLimitOf(payload), (asked) =>
      this.#call(ENGINE_METHODS.preState, [asked, options]),
    );
  }

  /** By go-ethereum's methods: null for a transaction that the engine could not trace. */
  structLogsOfBlock(blockHash: Hash32, isRefused: boolean): Promise<readonly (StructLogTrace | null)[]> {
    return this.#call(isRefused ? STRUCT_LOG_METHODS.badBlock : STRUCT_LOG_METHODS.blockByHash, blockHash);
  }

  structLogsOfTransaction(hash: Hash32): Promise<StructLogTrace> {
    return this.#call(STRUCT_LOG_METHODS.transaction, hash);
  }

  /** Closes the connections. */
  close(): void {
    this.#transport.close();
  }

  /** `payload` has deposits that can be walked again. */
  async #newPayload(payload: QkcPayload): Promise<PayloadStatus> {
    try {
      return await this.#sparingDeposits(payload, xshardGasLimitOf(payload), (asked) =>
        this.#call(ENGINE_METHODS.newPayload, [asked]),
      );
    } catch (error) {
      throw namingBlock(payload, error);
    }
  }

  async #newPayloadsOneByOne(payloads: readonly QkcPayload[], state: ForkchoiceState): Promise<ChainExtended> {
    const statuses: PayloadStatus[] = [];
    for (const payload of payloads) statuses.push(await this.#newPayload(payload));
    return { statuses, forkchoice: await this.forkchoiceUpdated(state) };
  }

  #withFewDeposits<T extends WithInputs>(asked: T, xshardGasLimit: bigint): T {
    const deposits = mostDepositsConsumed(asked.inputs.deposits, xshardGasLimit, this.#ddosFixRootHeight);
    return { ...asked, inputs: { ...asked.inputs, deposits } };
  }

  /**
   * Asks with few deposits, and with all where those are too few: an engine that charges less gas than ours may need
   * deposits that ours cannot reach. Those of `kept` can be walked again.
   */
  async #sparingDeposits<T extends WithInputs, R>(
    kept: T,
    xshardGasLimit: bigint,
    ask: (asked: T) => Promise<R>,
  ): Promise<R> {
    try {
      return await ask(this.#withFewDeposits(kept, xshardGasLimit));
    } catch (error) {
      if (!needsMoreDeposits(error)) throw error;
      return ask(kept);
    }
  }

  async #call<P, R>(method: CalledMethod<P, R>, params: P): Promise<R> {
    return decodedResult(method, await this.#client.call(this.#rpcCall(method, params)));
  }

  #rpcCall<P, R>(method: CalledMethod<P, R>, params: P): RpcCall {
    const timeoutMs = method.timeoutMs * this.#timeoutFactor;
    return { method: method.name, params: method.paramsToJson(params), timeoutMs };
  }
}

function xshardGasLimitOf({ block }: QkcPayload): bigint {
  return block.meta.xshardGasLimit;
}

function statusOf(payload: QkcPayload, answer: RpcAnswer): PayloadStatus {
  if ("error" in answer) throw namingBlock(payload, answer.error);
  return resultOf(ENGINE_METHODS.newPayload, answer);
}

/** Where a block is too long by itself, it is named. */
function namingBlock({ block: { header } }: QkcPayload, error: unknown): unknown {
  if (!(error instanceof EngineError) || !isTooLarge(error)) return error;
  return new EngineError(error.rpcCode, `block ${header.height}: ${error.message}`, { cause: error });
}

function resultOf<P, R>(method: EngineMethod<P, R>, answer: RpcAnswer): R {
  if ("error" in answer) throw answer.error;
  return decodedResult(method, answer.result);
}

function decodedResult<P, R>(method: CalledMethod<P, R>, result: unknown): R {
  const parsed = method.result.safeParse(result);
  if (parsed.success) return parsed.data;
  throw new EngineProtocolError(
    `the engine's answer to ${method.name} is not of the form that the contract says: ${issueText(parsed.error, "result")}`,
    { cause: parsed.error },
  );
}
