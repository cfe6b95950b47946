import { z } from "zod";
import type { Hash32 } from "../../codec/bytes.ts";
import { opcodeOfName } from "../../el/evm/opcode-name.ts";
import type { TraceLine } from "../../el/tracing/eip3155-writer.ts";
import { dataToJson } from "./json-fields.ts";
import { longListField } from "./long-list.ts";
import type { EngineMethod } from "./methods.ts";
import { commonOf, commonStepFields, numberField } from "./trace-json.ts";

/** A method that we only call. */
export type CalledMethod<P, R> = Pick<EngineMethod<P, R>, "name" | "timeoutMs" | "result" | "paramsToJson">;

/** A transaction as go-ethereum's tracer tells of it (eth/tracers/logger/logger.go ExecutionResult). */
export interface StructLogTrace {
  readonly steps: readonly TraceLine[];
  readonly success: boolean;
  readonly gasUsed: bigint;
}

const structLogSchema = z
  // What an error is differs by version.
  .object({ ...commonStepFields, op: z.string(), error: z.unknown() })
  .transform(({ op, ...step }, context): TraceLine => {
    const opcode = opcodeOfName(op);
    if (opcode === undefined) {
      context.addIssue({ code: "custom", path: ["op"], message: `${op.slice(0, 40)} is no instruction` });
      return z.NEVER;
    }
    return { ...commonOf({ ...step, error: undefined }), opcode };
  });

const traceSchema = z
  .object({ gas: numberField, failed: z.boolean(), structLogs: longListField(structLogSchema) })
  .transform(
    ({ gas, failed, structLogs }): StructLogTrace => ({ steps: structLogs, success: !failed, gasUsed: BigInt(gas) }),
  );

const blockTraceSchema = longListField(z.object({ result: traceSchema.optional() })).transform((items) =>
  items.map(({ result }) => result ?? null),
);

const OPTIONS = { disableStorage: true, enableMemory: false, disableMemory: true, disableStack: false };
const TIMEOUT_MS = 60_000;

function tracing<R>(name: string, result: z.ZodType<R>): CalledMethod<Hash32, R> {
  return { name, timeoutMs: TIMEOUT_MS, result, paramsToJson: (hash) => [dataToJson(hash), OPTIONS] };
}

/** go-ethereum's tracing methods; those of a block answer null for a transaction that could not be traced. */
export const STRUCT_LOG_METHODS = {
  /** A block that was refused. */
  badBlock: tracing("debug_traceBadBlock", blockTraceSchema),
  blockByHash: tracing("debug_traceBlockByHash", blockTraceSchema),
  transaction: tracing("debug_traceTransaction", traceSchema),
} as const;
