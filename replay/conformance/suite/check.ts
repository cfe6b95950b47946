import { type Hash32, toHex, ZERO_HASH } from "../../../node/codec/bytes.ts";
import type {
  EngineApi,
  FieldMismatch,
  ForkchoiceState,
  PayloadStatus,
  PayloadStatusName,
} from "../../../node/engine/engine-api.ts";
import { EngineError } from "../../../node/engine/engine-error.ts";
import type { ChainSample } from "./chain-sample.ts";
import { CheckFailure } from "./check-outcome.ts";

/** An engine behind a URL, for what only shows on the wire. */
export interface WireTarget {
  readonly url: string;
  /** Absent: the port asks for no token. */
  readonly jwtSecret?: Uint8Array;
}

export interface ConformanceTarget {
  readonly engine: EngineApi;
  /** Absent: the engine is in this process. */
  readonly wire?: WireTarget;
}

/** One thing that the contract says. */
export interface Check {
  /** As `newPayload: a wrong state root`. */
  readonly name: string;
  /** Throws CheckFailure with what is not as it should be. */
  run(target: ConformanceTarget, sample: ChainSample): Promise<void>;
  /** Without it no later check means anything. */
  readonly isFoundation?: true;
}

export function expectEqual<T extends string | number | bigint | boolean | null>(
  what: string,
  actual: T,
  wanted: T,
): void {
  if (actual !== wanted) throw new CheckFailure(`${what}: ${String(wanted)} expected, got ${String(actual)}`);
}

export function expectHash(what: string, actual: Uint8Array | null, wanted: Uint8Array | null): void {
  expectEqual(what, textOf(actual), textOf(wanted));
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? "null" : toHex(bytes);
}

/** The status and the newest valid ancestor; undefined leaves the latter to the engine. */
export function expectStatus(
  status: PayloadStatus,
  wanted: readonly PayloadStatusName[],
  latestValidHash?: Hash32 | null,
): void {
  if (!wanted.includes(status.status)) {
    throw new CheckFailure(`status: ${wanted.join(" or ")} expected, got ${statusText(status)}`);
  }
  if (latestValidHash !== undefined) expectHash("latestValidHash", status.latestValidHash, latestValidHash);
}

function statusText({ status, validationError }: PayloadStatus): string {
  return validationError === null ? status : `${status} ${JSON.stringify(validationError)}`;
}

/** INVALID for a mismatch that names the field; returns that entry. */
export function expectMismatch(status: PayloadStatus, field: string): FieldMismatch {
  expectStatus(status, ["INVALID"]);
  const error = status.validationError;
  const entry = error?.kind === "mismatch" ? error.fields.find((one) => one.field === field) : undefined;
  if (entry === undefined) {
    throw new CheckFailure(`validationError: a mismatch of ${field} expected, got ${JSON.stringify(error)}`);
  }
  return entry;
}

export async function expectEngineError(code: number, call: Promise<unknown>): Promise<void> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return expectEqual("error code", error.rpcCode, code);
  }
  throw new CheckFailure(`error ${code} expected, got a result: ${String(answer)}`);
}

/** A forkchoice with that head and nothing confirmed. */
export function headed(headBlockHash: Hash32): ForkchoiceState {
  return { headBlockHash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
}

/** Makes a block the head and makes sure that it is. */
export async function setHead(engine: EngineApi, hash: Hash32): Promise<void> {
  const { payloadStatus } = await engine.forkchoiceUpdated(headed(hash));
  expectStatus(payloadStatus, ["VALID"], hash);
  await expectHead(engine, hash);
}

export async function expectHead(engine: EngineApi, hash: Hash32): Promise<void> {
  const { head } = await engine.chainIdentity();
  expectHash("head", head?.hash ?? null, hash);
}
