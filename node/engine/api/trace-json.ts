import { z } from "zod";
import type { Log } from "../../chain/receipt.ts";
import { eip3155Line, type TraceLine } from "../../el/tracing/eip3155-writer.ts";
import type { BlockTrace, TraceOptions, UnitTrace } from "../tracing-engine.ts";
import {
  addressField,
  bytesField,
  countField,
  dataToJson,
  hashField,
  quantityToJson,
  uint256Field,
} from "./json-fields.ts";
import { longListField } from "./long-list.ts";

export const STACK_LIMIT = 1024;
const SIGNED_HEX = /^-?0x[0-9a-fA-F]{1,16}$/;
const WORD = /^(?:0x)?[0-9a-fA-F]{1,64}$/;

/** Tracers write the same number as a JSON number or as hex text. */
const numberField = z
  .union([z.number(), z.string().regex(SIGNED_HEX, "a number or hex text of up to 8 bytes expected")])
  .transform((value, context): number => {
    const number = typeof value === "number" ? value : numberOfHex(value);
    if (!Number.isSafeInteger(number)) context.addIssue("a whole number below 2^53 expected");
    return number;
  });

/** Gas has 64 bits, of which a JSON number holds 53: what is longer can be had as hex text alone. */
export const gasField = z
  .union([z.number(), z.string().regex(SIGNED_HEX, "a number or hex text of up to 8 bytes expected")])
  .transform((value, context): bigint => {
    if (typeof value === "string") return value.startsWith("-") ? -BigInt(value.slice(1)) : BigInt(value);
    if (Number.isSafeInteger(value)) return BigInt(value);
    context.addIssue("a whole number expected, as hex text from 2^53 on");
    return z.NEVER;
  });

function numberOfHex(text: string): number {
  return text.startsWith("-") ? -Number(text.slice(1)) : Number(text);
}

function numberFrom(least: number, most = Number.MAX_SAFE_INTEGER) {
  return numberField.refine((value) => value >= least && value <= most, `a number from ${least} to ${most} expected`);
}

/** 256 bits. */
export const wordField = z
  .union([z.int().nonnegative(), z.string().regex(WORD, "a number or hex text of up to 32 bytes expected")])
  .transform((word) => (typeof word === "number" || word.startsWith("0x") ? BigInt(word) : BigInt(`0x${word}`)));

/** Bytes, with 0x or without. */
const looseBytesField = z.string().transform((text, context): Uint8Array => {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  // Buffer.from stops at the first character that is no hex digit, and drops a lone last one.
  const bytes = Buffer.from(digits, "hex");
  if (bytes.length * 2 !== digits.length) context.addIssue("hex text expected");
  return new Uint8Array(bytes);
});

/** What every tracer tells of an instruction, whatever its dialect. */
export const commonStepFields = {
  pc: numberFrom(0),
  gas: gasField,
  gasCost: gasField.nullish(),
  /** The outermost frame has 1. */
  depth: numberFrom(1, STACK_LIMIT + 2),
  stack: longListField(wordField, STACK_LIMIT),
  returnData: looseBytesField.nullish(),
  refund: gasField.nullish(),
  error: z.string().nullish(),
};

/** A line of EIP-3155. The one object of the contract that may have fields which it does not name. */
const traceLineSchema = z
  .object({ ...commonStepFields, op: numberFrom(0, 255), memSize: numberFrom(0).nullish() })
  .transform(
    ({ op, memSize, ...common }): TraceLine => ({
      ...commonOf(common),
      opcode: op,
      memorySize: memSize ?? undefined,
    }),
  );

export type CommonStep = z.output<z.ZodObject<typeof commonStepFields>>;

export function commonOf({ pc, gas, gasCost, depth, stack, returnData, refund, error }: CommonStep) {
  return {
    pc,
    gas,
    cost: gasCost ?? undefined,
    depth: depth - 1,
    stack,
    returnData: returnData ?? undefined,
    refund: refund ?? undefined,
    error: error === null || error === "" ? undefined : error,
  };
}

const logSchema = z
  .strictObject({ address: addressField, topics: z.array(hashField).max(4), data: bytesField })
  .transform((log): Log => log);

const unitPlaceFields = { kind: z.enum(["deposit", "transaction", "reward"]), index: countField };

export const traceOptionsSchema = z
  .strictObject({
    unit: z.strictObject(unitPlaceFields).nullable().optional(),
    limitBytes: countField.nullable().optional(),
  })
  .transform(({ unit, limitBytes }): TraceOptions => ({ unit: unit ?? undefined, limitBytes: limitBytes ?? undefined }))
  .meta({ id: "TraceOptionsQKCV1" });

export function traceOptionsToJson({ unit, limitBytes }: TraceOptions): z.input<typeof traceOptionsSchema> {
  return {
    unit: unit === undefined ? null : { kind: unit.kind, index: quantityToJson(unit.index) },
    limitBytes: limitBytes === undefined ? null : quantityToJson(limitBytes),
  };
}

const unitTraceSchema = z
  .strictObject({
    ...unitPlaceFields,
    hash: hashField.nullable(),
    steps: longListField(traceLineSchema),
    output: bytesField,
    outcome: z
      .strictObject({
        success: z.boolean(),
        gasUsed: uint256Field,
        error: z.string().nullable(),
        logs: longListField(logSchema),
      })
      .nullable(),
  })
  .transform((json): UnitTrace => json);

export const blockTraceSchema = z
  .strictObject({
    units: longListField(unitTraceSchema),
    rejection: z.strictObject({ transactionIndex: countField.nullable(), reason: z.string() }).nullable(),
  })
  .transform((json): BlockTrace => json)
  .meta({ id: "BlockTraceQKCV1" });

export function blockTraceToJson({ units, rejection }: BlockTrace) {
  return { units: units.map(unitTraceToJson), rejection: rejection === null ? null : rejectionToJson(rejection) };
}

function unitTraceToJson({ kind, index, hash, steps, output, outcome }: UnitTrace) {
  return {
    kind,
    index: quantityToJson(index),
    hash: hash === null ? null : dataToJson(hash),
    steps: steps.map(eip3155Line),
    output: dataToJson(output),
    outcome:
      outcome === null
        ? null
        : { ...outcome, gasUsed: quantityToJson(outcome.gasUsed), logs: outcome.logs.map(logToJson) },
  };
}

function logToJson({ address, topics, data }: Log) {
  return { address: dataToJson(address), topics: topics.map(dataToJson), data: dataToJson(data) };
}

function rejectionToJson({ transactionIndex, reason }: NonNullable<BlockTrace["rejection"]>) {
  return { transactionIndex: transactionIndex === null ? null : quantityToJson(transactionIndex), reason };
}
