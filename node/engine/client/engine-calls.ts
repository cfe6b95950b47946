import { setTimeout as sleep } from "node:timers/promises";
import { bytesEqual, type Hash32, toHex } from "../../codec/bytes.ts";
import { QkcError } from "../../codec/errors.ts";
import type {
  BatchingEngine,
  ComputedBlock,
  EngineApi,
  ForkchoiceState,
  ForkchoiceUpdated,
  PayloadBody,
  PayloadStatus,
  QkcPayload,
  ValidationError,
} from "../engine-api.ts";
import { isTooLarge } from "../engine-error.ts";

/** How often a block is offered again to an engine that says it is syncing: every parent is local, so it has no reason to. */
const SYNCING_RETRIES = 4;
const FIRST_DELAY_MILLISECONDS = 50;

/** What an engine said of a block that it executed. */
export interface ExecutionAnswer {
  readonly computed: ComputedBlock | null;
  /** What it has against the block; undefined where it calls it valid. */
  readonly objection: ValidationError | undefined;
}

/** One shard's engine, its answers taken at their word only where they can be true at all. */
export class EngineCalls {
  readonly #engine: EngineApi;
  readonly #fullShardId: number;

  constructor(engine: EngineApi, fullShardId: number) {
    this.#engine = engine;
    this.#fullShardId = fullShardId;
  }

  async newPayload(payload: QkcPayload): Promise<ExecutionAnswer> {
    const { height } = payload.block.header;
    return this.#answerOf(
      payload,
      await this.#insist(`block ${height}`, () => this.#engine.newPayload(payload), asItIs),
    );
  }

  /** Whether extend() takes several blocks at once. */
  get takesBatches(): boolean {
    return isBatching(this.#engine);
  }

  /** Blocks that follow each other, then the last of them as the head, in one request where the engine offers that. */
  async extend(
    payloads: readonly QkcPayload[],
    head: ForkchoiceState,
  ): Promise<{ readonly answers: readonly ExecutionAnswer[]; readonly isHead: boolean }> {
    const engine = this.#engine;
    if (!isBatching(engine) || payloads.length === 1) return await this.#extendByOne(payloads, head);
    const { statuses, forkchoice } = await engine.newPayloads(payloads, head);
    if (statuses.some(isSyncing)) return await this.#extendByOne(payloads, head);
    const answers = payloads.map((payload, i) => this.#answerOf(payload, statuses[i]));
    if (answers.some(({ objection }) => objection !== undefined)) return { answers, isHead: false };
    this.#proveHead(head, forkchoice);
    return { answers, isHead: true };
  }

  /** Makes a block the head that the engine holds; throws where it does not take it. */
  async setHead(state: ForkchoiceState): Promise<void> {
    const what = `the head ${toHex(state.headBlockHash)}`;
    const answer = await this.#insist(
      what,
      () => this.#engine.forkchoiceUpdated(state),
      ({ payloadStatus }) => payloadStatus,
    );
    this.#proveHead(state, answer);
  }

  /** As setHead for a block that the engine may not hold: false then. */
  async hasTakenHead(state: ForkchoiceState): Promise<boolean> {
    const answer = await this.#engine.forkchoiceUpdated(state);
    if (isSyncing(answer.payloadStatus)) return false;
    this.#proveHead(state, answer);
    return true;
  }

  /** Which of the blocks the engine holds. */
  async holds(hashes: readonly Hash32[]): Promise<readonly boolean[]> {
    const bodies = await this.#bodies(hashes);
    if (bodies.length !== hashes.length) {
      throw this.#fault(`answers ${bodies.length} bodies to a question for ${hashes.length}`);
    }
    return bodies.map((body) => body !== null);
  }

  /** In as few requests as the engine takes. */
  async #bodies(hashes: readonly Hash32[]): Promise<readonly (PayloadBody | null)[]> {
    try {
      return await this.#engine.getPayloadBodiesByHash(hashes);
    } catch (error) {
      if (!isTooLarge(error) || hashes.length < 2) throw error;
      const half = Math.ceil(hashes.length / 2);
      return [...(await this.#bodies(hashes.slice(0, half))), ...(await this.#bodies(hashes.slice(half)))];
    }
  }

  async #extendByOne(payloads: readonly QkcPayload[], head: ForkchoiceState) {
    const answers: ExecutionAnswer[] = [];
    for (const payload of payloads) {
      const answer = await this.newPayload(payload);
      answers.push(answer);
      if (answer.objection !== undefined) return { answers, isHead: false };
    }
    await this.setHead(head);
    return { answers, isHead: true };
  }

  async #insist<T>(what: string, call: () => Promise<T>, statusOf: (answer: T) => PayloadStatus): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const answer = await call();
      const { status } = statusOf(answer);
      if (!isSyncing(statusOf(answer))) return answer;
      if (attempt === SYNCING_RETRIES) {
        throw this.#fault(
          `answers ${status} to ${what}, ${attempt + 1} times: it lacks blocks that it had acknowledged, or is not ready; ` +
            "continue with --resume to feed it again from what it has",
        );
      }
      await sleep(FIRST_DELAY_MILLISECONDS * 2 ** attempt);
    }
  }

  #answerOf({ blockHash, block }: QkcPayload, answer: PayloadStatus): ExecutionAnswer {
    const { status, latestValidHash, validationError, computed } = answer;
    const what = `block ${block.header.height}`;
    if (status === "VALID") {
      if (latestValidHash === null || !bytesEqual(latestValidHash, blockHash)) {
        throw this.#fault(`calls ${what} VALID and names another block as the latest valid one`);
      }
      if (computed === null) throw this.#fault(`calls ${what} VALID without saying what it computed`);
      return { computed, objection: undefined };
    }
    if (status !== "INVALID") throw this.#fault(`answers ${String(status)} to ${what}, which is no status`);
    const unexplained = { kind: "rejected", transactionIndex: null, reason: "the engine gave no reason" } as const;
    return { computed, objection: validationError ?? unexplained };
  }

  #proveHead({ headBlockHash }: ForkchoiceState, { payloadStatus }: ForkchoiceUpdated): void {
    const { status, latestValidHash } = payloadStatus;
    if (status === "VALID" && latestValidHash !== null && bytesEqual(latestValidHash, headBlockHash)) return;
    throw this.#fault(`answers ${status} to the head ${toHex(headBlockHash)}, a block that it called VALID`);
  }

  #fault(text: string): QkcError {
    return new QkcError("ENGINE", `the engine of shard ${this.#fullShardId} ${text}`);
  }
}

function isBatching(engine: EngineApi): engine is BatchingEngine {
  return "newPayloads" in engine;
}

function isSyncing({ status }: PayloadStatus): boolean {
  return status === "SYNCING" || status === "ACCEPTED";
}

function asItIs<T>(value: T): T {
  return value;
}
