import type {
  Awaitable,
  BalanceRequest,
  ContractCall,
  ContractCallResult,
  EngineClient,
  NewPayloadResult,
} from "./block-executor.ts";
import type { ExecutionPayload } from "./payload.ts";

export type Lie = (truth: NewPayloadResult, payload: ExecutionPayload) => NewPayloadResult;

/** An engine that executes honestly and answers payloads as `lie` says. */
export class LyingClient implements EngineClient {
  readonly #engine: EngineClient;
  readonly #lie: Lie;

  constructor(engine: EngineClient, lie: Lie) {
    this.#engine = engine;
    this.#lie = lie;
  }

  async newPayload(payload: ExecutionPayload): Promise<NewPayloadResult> {
    return this.#lie(await this.#engine.newPayload(payload), payload);
  }

  getBalance(request: BalanceRequest): Awaitable<bigint> {
    return this.#engine.getBalance(request);
  }

  call(request: ContractCall): Awaitable<ContractCallResult> {
    return this.#engine.call(request);
  }
}
