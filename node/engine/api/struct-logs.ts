import { z } from "zod";
import type { Hash32 } from "../../codec/bytes.ts";
import { opcodeOfName } from "../../el/evm/opcode-name.ts";
import type { TraceLine } from "../../el/tracing/eip3155-writer.ts";
import { dataToJson } from "./json-fields.ts";
import { longListField } from "./long-list.ts";
import type { EngineMethod } from "./methods.ts";
import { commonOf, commonStepFields, gasField, STACK_LIMIT, wordField } from "./trace-json.ts";

/** A method that we only call. */
export type CalledMethod<P, R> = Pick<EngineMethod<P, R>, "name" | "timeoutMs" | "result" | "paramsToJson">;

/** A transaction as go-ethereum's tracer tells of it (eth/tracers/logger/logger.go ExecutionResult). */
export interface StructLogTrace {
  readonly steps: readonly TraceLine[];
  readonly success: boolean;
  readonly gasUsed: bigint;
}

/** Zero can be without digits. */
const stackField = longListField(z.union([z.literal("0x").transform(() => 0n), wordField]), STACK_LIMIT);

/**
 * A step as go-ethereum, reth and Besu write it. All of them leave out what is empty: the error of a step that went well,
 * a stack without words, a refund of zero.
 */
const structLogSchema = z
  // What an error is differs by client and version.
  .object({
    ...commonStepFields,
    stack: stackField.nullish(),
    op: z.string(),
    error: z.unknown().optional(),
  })
  .transform(({ op, stack, ...step }, context): StructLog => {
    const opcode = opcodeOfName(op);
    if (opcode === undefined) {
      context.addIssue({ code: "custom", path: ["op"], message: `${op.slice(0, 40)} is no instruction` });
      return z.NEVER;
    }
    const line = { ...commonOf({ ...step, stack: stack ?? [], error: undefined }), opcode };
    return { line, hasStack: stack !== null && stack !== undefined };
  });

interface StructLog {
  readonly line: TraceLine;
  readonly hasStack: boolean;
}

const traceSchema = z
  .object({ gas: gasField, failed: z.boolean(), structLogs: longListField(structLogSchema) })
  .transform(({ gas, failed, structLogs }, context): StructLogTrace => {
    const steps = structLogs.map(({ line }) => line);
    // After a PUSH there is something to tell: nobody's stacks are empty all the time.
    if (!structLogs.some(({ hasStack }) => hasStack) && steps.slice(0, -1).some(({ opcode }) => isPush(opcode))) {
      context.addIssue({ code: "custom", path: ["structLogs"], message: "no step has its stack" });
    }
    return { steps, success: !failed, gasUsed: gas };
  });

function isPush(opcode: number): boolean {
  return opcode >= 0x60 && opcode <= 0x7f;
}

/** Besu lists the traces themselves where others put each into an object, with an error in its place where there is none. */
const blockItemSchema = z
  .looseObject({ result: traceSchema.nullish() })
  .transform(({ result, ...item }, context): StructLogTrace | null => {
    if (!("structLogs" in item)) return result ?? null;
    const parsed = traceSchema.safeParse(item);
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: "custom", path, message });
    return z.NEVER;
  });
const blockTraceSchema = longListField(blockItemSchema);

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
