import { QkcError } from "../codec/errors.ts";

/** Codes of the Engine API and of JSON-RPC (execution-apis src/engine/common.md). */
export const ENGINE_ERROR = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  server: -32000,
  /** As go-ethereum answers what takes it too long, what makes an answer too long, and what it has no room for. */
  timeout: -32002,
  responseTooLarge: -32003,
  limitExceeded: -32005,
  unknownPayload: -38001,
  invalidForkchoiceState: -38002,
  invalidPayloadAttributes: -38003,
  tooLargeRequest: -38004,
  unsupportedFork: -38005,
  tooDeepReorg: -38006,
  /** QuarkChain's own: the block consumes deposits behind the end of the list that was sent. */
  moreDepositsNeeded: -38101,
  /** QuarkChain's own: a trace or a pre-state is longer than the caller takes, or the engine gives. */
  answerTooLarge: -38102,
} as const;

/** An answer of the Engine API that is no status: the request itself was wrong or could not be served. */
export class EngineError extends QkcError {
  readonly rpcCode: number;
  /** The `data` of the JSON-RPC error, where it has one. */
  readonly data: string | undefined;

  constructor(rpcCode: number, message: string, options: ErrorOptions & { readonly data?: string } = {}) {
    super("ENGINE", message, options);
    this.rpcCode = rpcCode;
    this.data = options.data;
  }
}

const TOO_LARGE: ReadonlySet<number> = new Set([
  ENGINE_ERROR.tooLargeRequest,
  ENGINE_ERROR.responseTooLarge,
  ENGINE_ERROR.answerTooLarge,
]);

/** Whether less at a time may pass. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof EngineError && TOO_LARGE.has(error.rpcCode);
}
