import { setTimeout as sleep } from "node:timers/promises";
import type { Hash32 } from "../../codec/bytes.ts";
import { withKeptDeposits } from "../api/deposit-lists.ts";
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
import { EngineUnavailableError } from "./engine-failures.ts";

export interface RetryPolicy {
  /** Calls in all, the first included. */
  readonly attempts: number;
  /** No further call is begun when so much time has gone by since the first one. */
  readonly budgetMs: number;
  readonly firstDelayMs: number;
  /** The delay doubles up to this. */
  readonly longestDelayMs: number;
}

/** Outlasts the restart of an engine. */
const DEFAULT_RETRY_POLICY: RetryPolicy = {
  attempts: 20,
  budgetMs: 120_000,
  firstDelayMs: 100,
  longestDelayMs: 10_000,
};

export interface Retry {
  readonly method: keyof BatchingEngine;
  /** 1 for the first call that failed. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: EngineUnavailableError;
}

export interface RetryingEngineOptions {
  readonly policy?: Partial<RetryPolicy>;
  /** Told before each wait. */
  readonly onRetry?: (retry: Retry) => void;
  /** Ends waits: the call then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Repeats calls to which nobody answered. That is safe: every method of the Engine API may be made twice, and a block that
 * is there already is answered with the status it has. Any other error passes at once.
 */
export class RetryingEngine implements BatchingEngine {
  readonly #engine: BatchingEngine;
  readonly #policy: RetryPolicy;
  readonly #onRetry: (retry: Retry) => void;
  readonly #signal: AbortSignal | undefined;

  constructor(engine: BatchingEngine, { policy, onRetry = () => {}, signal }: RetryingEngineOptions = {}) {
    this.#engine = engine;
    this.#policy = { ...DEFAULT_RETRY_POLICY, ...policy };
    this.#onRetry = onRetry;
    this.#signal = signal;
  }

  exchangeCapabilities(methods: readonly string[]): Promise<readonly string[]> {
    return this.#repeat("exchangeCapabilities", () => this.#engine.exchangeCapabilities(methods));
  }

  getClientVersion(caller: ClientVersion): Promise<readonly ClientVersion[]> {
    return this.#repeat("getClientVersion", () => this.#engine.getClientVersion(caller));
  }

  chainIdentity(): Promise<ChainIdentity> {
    return this.#repeat("chainIdentity", () => this.#engine.chainIdentity());
  }

  newPayload(payload: QkcPayload): Promise<PayloadStatus> {
    const again = withKeptDeposits(payload);
    return this.#repeat("newPayload", () => this.#engine.newPayload(again));
  }

  newPayloads(payloads: readonly QkcPayload[], state: ForkchoiceState): Promise<ChainExtended> {
    const again = payloads.map(withKeptDeposits);
    return this.#repeat("newPayloads", () => this.#engine.newPayloads(again, state));
  }

  forkchoiceUpdated(state: ForkchoiceState, attributes?: PayloadAttributes): Promise<ForkchoiceUpdated> {
    const again = attributes && withKeptDeposits(attributes);
    return this.#repeat("forkchoiceUpdated", () => this.#engine.forkchoiceUpdated(state, again));
  }

  getPayload(payloadId: string): Promise<BuiltPayload> {
    return this.#repeat("getPayload", () => this.#engine.getPayload(payloadId));
  }

  getPayloadBodiesByHash(hashes: readonly Hash32[]): Promise<readonly (PayloadBody | null)[]> {
    return this.#repeat("getPayloadBodiesByHash", () => this.#engine.getPayloadBodiesByHash(hashes));
  }

  getPayloadBodiesByRange(start: number, count: number): Promise<readonly (PayloadBody | null)[]> {
    return this.#repeat("getPayloadBodiesByRange", () => this.#engine.getPayloadBodiesByRange(start, count));
  }

  getBalance(request: BlockBalanceRequest): Promise<bigint> {
    return this.#repeat("getBalance", () => this.#engine.getBalance(request));
  }

  async #wait(delayMs: number): Promise<void> {
    const signal = this.#signal;
    await sleep(delayMs, undefined, { signal }).catch((error) => {
      throw signal?.aborted === true ? signal.reason : error;
    });
  }

  async #repeat<T>(method: keyof BatchingEngine, call: () => Promise<T>): Promise<T> {
    const { attempts, budgetMs, firstDelayMs, longestDelayMs } = this.#policy;
    const giveUpAt = performance.now() + budgetMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof EngineUnavailableError)) throw error;
        const delayMs = Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs);
        if (attempt >= attempts || performance.now() + delayMs > giveUpAt) {
          throw new EngineUnavailableError(`${error.message} (given up after ${attempt} attempts)`, { cause: error });
        }
        this.#onRetry({ method, attempt, delayMs, error });
        await this.#wait(delayMs);
      }
    }
  }
}
