import { z } from "zod";
import type {
  ComputedBlock,
  ForkchoiceUpdated,
  PayloadStatus,
  PayloadStatusName,
  ValidationError,
} from "../engine-api.ts";
import { xshardCursorSchema, xshardCursorToJson, xshardDepositSchema, xshardDepositToJson } from "./deposits-json.ts";
import {
  bloomField,
  countField,
  dataToJson,
  hashField,
  payloadIdField,
  quantityToJson,
  tokenBalancesField,
  tokenBalancesToJson,
  uint256Field,
} from "./json-fields.ts";

const STATUS_NAMES = ["VALID", "INVALID", "SYNCING", "ACCEPTED"] as const satisfies readonly PayloadStatusName[];

const computedObject = z.strictObject({
  blockHash: hashField,
  metaHash: hashField,
  stateRoot: hashField,
  receiptsRoot: hashField,
  logsBloom: bloomField,
  gasUsed: uint256Field,
  crossShardReceiveGasUsed: uint256Field,
  xshardTxCursorInfo: xshardCursorSchema,
  coinbase: tokenBalancesField,
  xshardSends: z.array(xshardDepositSchema),
  xshardDepositsConsumed: countField,
});

export const computedBlockSchema = computedObject
  .transform(
    (json): ComputedBlock => ({
      blockHash: json.blockHash,
      metaHash: json.metaHash,
      stateRoot: json.stateRoot,
      receiptRoot: json.receiptsRoot,
      bloom: json.logsBloom,
      gasUsed: json.gasUsed,
      xshardReceiveGasUsed: json.crossShardReceiveGasUsed,
      xshardCursor: json.xshardTxCursorInfo,
      coinbaseAmounts: json.coinbase,
      xshardSends: json.xshardSends,
      depositsConsumed: json.xshardDepositsConsumed,
    }),
  )
  .meta({ id: "ComputedBlockQKCV1" });

export function computedBlockToJson(computed: ComputedBlock): z.input<typeof computedObject> {
  return {
    blockHash: dataToJson(computed.blockHash),
    metaHash: dataToJson(computed.metaHash),
    stateRoot: dataToJson(computed.stateRoot),
    receiptsRoot: dataToJson(computed.receiptRoot),
    logsBloom: dataToJson(computed.bloom),
    gasUsed: quantityToJson(computed.gasUsed),
    crossShardReceiveGasUsed: quantityToJson(computed.xshardReceiveGasUsed),
    xshardTxCursorInfo: xshardCursorToJson(computed.xshardCursor),
    coinbase: tokenBalancesToJson(computed.coinbaseAmounts),
    xshardSends: computed.xshardSends.map(xshardDepositToJson),
    xshardDepositsConsumed: quantityToJson(computed.depositsConsumed),
  };
}

/** What the JSON text of `validationError` holds; numbers in it are plain. */
export const validationErrorSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("mismatch"),
      fields: z.array(z.strictObject({ field: z.string(), declared: z.string(), computed: z.string() })).min(1),
    }),
    z.strictObject({
      kind: z.literal("rejected"),
      transactionIndex: z.number().int().min(0).nullable(),
      refusal: z.string().optional(),
      reason: z.string(),
    }),
  ])
  .meta({ id: "ValidationErrorQKCV1" });

/** Upstream's field is a free text: ours is the text of an object. */
const validationErrorField = z.string().transform((text, context): ValidationError => {
  const parsed = validationErrorSchema.safeParse(jsonOf(text));
  if (!parsed.success) context.addIssue(`not the JSON text of a ValidationErrorQKCV1: ${text.slice(0, 200)}`);
  return parsed.success ? parsed.data : z.NEVER;
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const statusObject = z.strictObject({
  status: z.enum(STATUS_NAMES),
  latestValidHash: hashField.nullable(),
  validationError: validationErrorField.nullable(),
  computed: computedBlockSchema.nullable(),
});

export const payloadStatusSchema = statusObject
  .transform((json): PayloadStatus => json)
  .meta({ id: "PayloadStatusQKCV1" });

export function payloadStatusToJson(status: PayloadStatus): z.input<typeof statusObject> {
  const { latestValidHash, validationError, computed } = status;
  return {
    status: status.status,
    latestValidHash: latestValidHash === null ? null : dataToJson(latestValidHash),
    validationError: validationError === null ? null : JSON.stringify(validationError),
    computed: computed === null ? null : computedBlockToJson(computed),
  };
}

const forkchoiceUpdatedObject = z.strictObject({
  payloadStatus: payloadStatusSchema,
  payloadId: payloadIdField.nullable(),
});

export const forkchoiceUpdatedSchema = forkchoiceUpdatedObject
  .transform((json): ForkchoiceUpdated => json)
  .meta({ id: "ForkchoiceUpdatedQKCV1" });

export function forkchoiceUpdatedToJson(updated: ForkchoiceUpdated): z.input<typeof forkchoiceUpdatedObject> {
  return { payloadStatus: payloadStatusToJson(updated.payloadStatus), payloadId: updated.payloadId };
}
