import { type ErrorCode, QkcError } from "../../codec/errors.ts";
import { EngineError } from "../../engine/engine-error.ts";
import type { StoredTrace } from "../debug/stored-tracer.ts";
import type { StoreOptions } from "../open-store.ts";
import type { Call } from "./call-runner.ts";

/** What a thread that runs calls is started with. The rules cross by their name. */
export interface CallThreadData extends Pick<StoreOptions, "folder" | "config" | "fullShardId" | "cacheBytes"> {
  readonly ruleSet: string;
}

export type ToCallThread = Pick<Call, "kind" | "request" | "block"> | StoredTrace | MethodCall;

/** A debugging method, with its parameters as they came. */
interface MethodCall {
  readonly kind: "method";
  readonly name: string;
  readonly params: readonly unknown[];
}

/** "ready" once, then one answer to each call. */
export type FromCallThread =
  | { readonly type: "ready" }
  /** Of a call the bytes that it returns, of a trace or method its answer as JSON has it. */
  | { readonly type: "result"; readonly result: unknown }
  | { readonly type: "failure"; readonly failure: CallFailure };

/** An error that crosses between threads, where classes get lost. */
interface CallFailure {
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: ErrorCode | undefined;
  /** Of an EngineError. */
  readonly rpcCode: number | undefined;
  readonly data: string | undefined;
}

export function callFailureOf(error: unknown): CallFailure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const code = error instanceof QkcError ? error.code : undefined;
  const { rpcCode, data } = error instanceof EngineError ? error : { rpcCode: undefined, data: undefined };
  return { message, stack, code, rpcCode, data };
}

export function callErrorOf({ message, stack, code, rpcCode, data }: CallFailure): Error {
  if (rpcCode !== undefined) return new EngineError(rpcCode, message, { data });
  if (code !== undefined) return new QkcError(code, message);
  const error = new Error(message);
  error.stack = stack;
  return error;
}
