import { z } from "zod";
import type { Hash32 } from "../../codec/bytes.ts";
import type {
  BlockBalanceRequest,
  BuiltPayload,
  ChainIdentity,
  ClientVersion,
  ForkchoiceState,
  ForkchoiceUpdated,
  PayloadAttributes,
  PayloadBody,
  PayloadStatus,
  QkcPayload,
} from "../engine-api.ts";
import type { BlockTrace, DebugOptions, PreState, TraceOptions } from "../tracing-engine.ts";
import {
  addressField,
  biguintField,
  countField,
  dataToJson,
  hashField,
  payloadIdField,
  qkcAddressField,
  qkcAddressToJson,
  quantityToJson,
  uint32Field,
  uint64Field,
  uint256Field,
} from "./json-fields.ts";
import {
  consensusInputsSchema,
  consensusInputsToJson,
  executionPayloadSchema,
  executionPayloadToJson,
  transactionField,
  transactionToJson,
} from "./payload-json.ts";
import { debugOptionsSchema, debugOptionsToJson, preStateSchema, preStateToJson } from "./pre-state-json.ts";
import {
  computedBlockSchema,
  computedBlockToJson,
  forkchoiceUpdatedSchema,
  forkchoiceUpdatedToJson,
  payloadStatusSchema,
  payloadStatusToJson,
} from "./status-json.ts";
import { blockTraceSchema, blockTraceToJson, traceOptionsSchema, traceOptionsToJson } from "./trace-json.ts";

/** One method of the Engine API on the wire: how both sides write and read it (docs/engine-api.md). */
export interface EngineMethod<P, R> {
  readonly name: string;
  /** After so long without an answer the caller gives up (execution-apis src/engine). */
  readonly timeoutMs: number;
  /** Reads the array of parameters. */
  readonly params: z.ZodType<P>;
  readonly result: z.ZodType<R>;
  paramsToJson(params: P): readonly unknown[];
  resultToJson(result: R): unknown;
}

/** Most blocks that one request for bodies may name; upstream demands at least 32. */
export const MOST_BODIES = 1024;
/** A capability that is no method: batches of JSON-RPC are taken and answered in order. */
export const BATCH_CAPABILITY = "qkc_jsonRpcBatchV1";

const exchangeCapabilities: EngineMethod<readonly [readonly string[]], readonly string[]> = {
  name: "engine_exchangeCapabilities",
  timeoutMs: 1000,
  params: z.tuple([z.array(z.string())]),
  result: z.array(z.string()),
  paramsToJson: (params) => params,
  resultToJson: (methods) => methods,
};

const clientVersionSchema = z
  .strictObject({
    code: z.string().regex(/^[A-Z]{2}$/, "a client code is two letters"),
    name: z.string(),
    version: z.string(),
    commit: z.string().regex(/^0x[0-9a-fA-F]{8}$/, "a commit is DATA of 4 bytes"),
  })
  .meta({ id: "ClientVersionV1" });

const getClientVersion: EngineMethod<readonly [ClientVersion], readonly ClientVersion[]> = {
  name: "engine_getClientVersionV1",
  timeoutMs: 1000,
  params: z.tuple([clientVersionSchema]),
  result: z.array(clientVersionSchema).min(1),
  paramsToJson: (params) => params,
  resultToJson: (versions) => versions,
};

const chainIdentitySchema = z
  .strictObject({
    networkId: countField,
    fullShardId: uint32Field,
    genesisStateRoot: hashField,
    genesisHash: hashField.nullable(),
    ruleSet: z.string(),
    head: z.strictObject({ hash: hashField, height: countField }).nullable(),
  })
  .meta({ id: "ChainIdentityV1" });

const chainIdentity: EngineMethod<readonly [], ChainIdentity> = {
  name: "qkc_chainIdentityV1",
  timeoutMs: 1000,
  params: z.tuple([]),
  result: chainIdentitySchema,
  paramsToJson: (params) => params,
  resultToJson: ({ networkId, fullShardId, genesisStateRoot, genesisHash, ruleSet, head }) => ({
    networkId: quantityToJson(networkId),
    fullShardId: quantityToJson(fullShardId),
    genesisStateRoot: dataToJson(genesisStateRoot),
    genesisHash: genesisHash === null ? null : dataToJson(genesisHash),
    ruleSet,
    head: head === null ? null : { hash: dataToJson(head.hash), height: quantityToJson(head.height) },
  }),
};

const newPayload: EngineMethod<readonly [QkcPayload], PayloadStatus> = {
  name: "engine_newPayloadQKCV1",
  timeoutMs: 8000,
  params: z
    .tuple([executionPayloadSchema, consensusInputsSchema])
    .transform(([hashed, inputs]): readonly [QkcPayload] => [{ ...hashed, inputs }]),
  result: payloadStatusSchema,
  paramsToJson: ([payload]) => [executionPayloadToJson(payload), consensusInputsToJson(payload.inputs)],
  resultToJson: payloadStatusToJson,
};

const forkchoiceStateSchema = z
  .strictObject({ headBlockHash: hashField, safeBlockHash: hashField, finalizedBlockHash: hashField })
  .meta({ id: "ForkchoiceStateV1" });

const attributesSchema = z
  .strictObject({
    timestamp: countField,
    suggestedFeeRecipient: qkcAddressField,
    prevRootBlockHash: hashField,
    difficulty: biguintField,
    xshardGasLimit: uint256Field,
    transactions: z.array(transactionField),
    consensusInputs: consensusInputsSchema,
  })
  .transform(({ consensusInputs, ...rest }): PayloadAttributes => ({ ...rest, inputs: consensusInputs }))
  .meta({ id: "PayloadAttributesQKCV1" });

const forkchoiceUpdated: EngineMethod<readonly [ForkchoiceState, PayloadAttributes | undefined], ForkchoiceUpdated> = {
  name: "engine_forkchoiceUpdatedQKCV1",
  timeoutMs: 8000,
  params: z
    .tuple([forkchoiceStateSchema, attributesSchema.nullable().optional()])
    .transform(([state, attributes]): readonly [ForkchoiceState, PayloadAttributes | undefined] => [
      state,
      attributes ?? undefined,
    ]),
  result: forkchoiceUpdatedSchema,
  paramsToJson: ([state, attributes]) => [
    {
      headBlockHash: dataToJson(state.headBlockHash),
      safeBlockHash: dataToJson(state.safeBlockHash),
      finalizedBlockHash: dataToJson(state.finalizedBlockHash),
    },
    attributes === undefined ? null : attributesToJson(attributes),
  ],
  resultToJson: forkchoiceUpdatedToJson,
};

function attributesToJson(attributes: PayloadAttributes) {
  return {
    timestamp: quantityToJson(attributes.timestamp),
    suggestedFeeRecipient: qkcAddressToJson(attributes.suggestedFeeRecipient),
    prevRootBlockHash: dataToJson(attributes.prevRootBlockHash),
    difficulty: quantityToJson(attributes.difficulty),
    xshardGasLimit: quantityToJson(attributes.xshardGasLimit),
    transactions: attributes.transactions.map(transactionToJson),
    consensusInputs: consensusInputsToJson(attributes.inputs),
  };
}

const builtPayloadSchema = z
  .strictObject({
    executionPayload: executionPayloadSchema,
    consensusInputs: consensusInputsSchema,
    computed: computedBlockSchema,
  })
  .transform(
    ({ executionPayload, consensusInputs, computed }): BuiltPayload => ({
      payload: { ...executionPayload, inputs: consensusInputs },
      computed,
    }),
  )
  .meta({ id: "GetPayloadResponseQKCV1" });

const getPayload: EngineMethod<readonly [string], BuiltPayload> = {
  name: "engine_getPayloadQKCV1",
  timeoutMs: 1000,
  params: z.tuple([payloadIdField]),
  result: builtPayloadSchema,
  paramsToJson: (params) => params,
  resultToJson: ({ payload, computed }) => ({
    executionPayload: executionPayloadToJson(payload),
    consensusInputs: consensusInputsToJson(payload.inputs),
    computed: computedBlockToJson(computed),
  }),
};

const bodySchema = z.strictObject({ transactions: z.array(transactionField) }).meta({ id: "PayloadBodyQKCV1" });
type Bodies = readonly (PayloadBody | null)[];

function bodiesToJson(bodies: Bodies) {
  return bodies.map((body) => (body === null ? null : { transactions: body.transactions.map(transactionToJson) }));
}

const getPayloadBodiesByHash: EngineMethod<readonly [readonly Hash32[]], Bodies> = {
  name: "engine_getPayloadBodiesByHashQKCV1",
  timeoutMs: 10_000,
  params: z.tuple([z.array(hashField)]),
  result: z.array(bodySchema.nullable()),
  paramsToJson: ([hashes]) => [hashes.map(dataToJson)],
  resultToJson: bodiesToJson,
};

const getPayloadBodiesByRange: EngineMethod<readonly [number, number], Bodies> = {
  name: "engine_getPayloadBodiesByRangeQKCV1",
  timeoutMs: 10_000,
  params: z.tuple([countField, countField]),
  result: z.array(bodySchema.nullable()),
  paramsToJson: (params) => params.map(quantityToJson),
  resultToJson: bodiesToJson,
};

const balanceRequestSchema = z
  .strictObject({ blockHash: hashField, address: addressField, tokenId: uint64Field })
  .meta({ id: "BlockBalanceRequestV1" });

const getBalance: EngineMethod<readonly [BlockBalanceRequest], bigint> = {
  name: "qkc_getBalanceV1",
  timeoutMs: 1000,
  params: z.tuple([balanceRequestSchema]),
  result: biguintField,
  paramsToJson: ([{ blockHash, address, tokenId }]) => [
    { blockHash: dataToJson(blockHash), address: dataToJson(address), tokenId: quantityToJson(tokenId) },
  ],
  resultToJson: quantityToJson,
};

const traceBlock: EngineMethod<readonly [QkcPayload, TraceOptions], BlockTrace> = {
  name: "qkc_debugTraceBlockV1",
  timeoutMs: 60_000,
  params: z
    .tuple([executionPayloadSchema, consensusInputsSchema, traceOptionsSchema.nullable().optional()])
    .transform(([hashed, inputs, options]): readonly [QkcPayload, TraceOptions] => [
      { ...hashed, inputs },
      options ?? {},
    ]),
  result: blockTraceSchema,
  paramsToJson: ([payload, options]) => [
    executionPayloadToJson(payload),
    consensusInputsToJson(payload.inputs),
    traceOptionsToJson(options),
  ],
  resultToJson: blockTraceToJson,
};

const preState: EngineMethod<readonly [QkcPayload, DebugOptions], PreState> = {
  name: "qkc_debugPreStateV1",
  timeoutMs: 60_000,
  params: z
    .tuple([executionPayloadSchema, consensusInputsSchema, debugOptionsSchema.nullable().optional()])
    .transform(([hashed, inputs, options]): readonly [QkcPayload, DebugOptions] => [
      { ...hashed, inputs },
      options ?? {},
    ]),
  result: preStateSchema,
  paramsToJson: ([payload, options]) => [
    executionPayloadToJson(payload),
    consensusInputsToJson(payload.inputs),
    debugOptionsToJson(options),
  ],
  resultToJson: preStateToJson,
};

export const ENGINE_METHODS = {
  exchangeCapabilities,
  getClientVersion,
  chainIdentity,
  newPayload,
  forkchoiceUpdated,
  getPayload,
  getPayloadBodiesByHash,
  getPayloadBodiesByRange,
  getBalance,
  traceBlock,
  preState,
} as const;

/** What a caller needs an execution layer to have before it feeds it blocks. */
export const QKC_CAPABILITIES: readonly string[] = [
  newPayload.name,
  forkchoiceUpdated.name,
  getPayload.name,
  getPayloadBodiesByHash.name,
  getPayloadBodiesByRange.name,
  getClientVersion.name,
  chainIdentity.name,
  getBalance.name,
];

/** What an engine lists that is a TracingEngine. */
export const DEBUG_CAPABILITIES: readonly string[] = [traceBlock.name, preState.name];
