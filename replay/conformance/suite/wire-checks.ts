import { z } from "zod";
import { quantityToJson } from "../../../node/engine/api/json-fields.ts";
import { ENGINE_METHODS } from "../../../node/engine/api/methods.ts";
import { ENGINE_ERROR } from "../../../node/engine/engine-error.ts";
import type { ChainSample } from "./chain-sample.ts";
import { type Check, expectEqual, type WireTarget } from "./check.ts";
import { CheckFailure, CheckSkipped } from "./check-outcome.ts";
import { postAuthorized, type RawAnswer } from "./raw-request.ts";

const responseSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.number(), z.string(), z.null()]),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
type WireResponse = z.output<typeof responseSchema>;

/** A request body and what has to come back. */
function wireCheck(what: string, body: (sample: ChainSample) => string, verify: (answer: RawAnswer) => void): Check {
  return {
    name: `JSON-RPC: ${what}`,
    run: async ({ wire }, sample) => verify(await postAuthorized(onWire(wire), body(sample))),
  };
}

function refusal(what: string, code: number, body: (sample: ChainSample) => string): Check {
  return wireCheck(`${what} is error ${code}`, body, (answer) => {
    expectEqual("error code", responseOf(answer).error?.code ?? null, code);
  });
}

function onWire(wire: WireTarget | undefined): WireTarget {
  if (wire === undefined) throw new CheckSkipped("the engine is in this process");
  return wire;
}

function responseOf({ text }: RawAnswer): WireResponse {
  return parsed(responseSchema, text);
}

function parsed<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new CheckFailure(`a JSON-RPC response expected, got ${text.slice(0, 200)}`, { cause: error });
  }
}

function request(method: string, params?: unknown, id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

type PayloadJson = Record<string, unknown>;

/** The sample's first block as newPayload's parameters, the block changed. */
function newPayload({ blocks }: ChainSample, change: (payload: PayloadJson) => unknown): string {
  const [payload, inputs] = ENGINE_METHODS.newPayload.paramsToJson([blocks[0]]);
  return request(ENGINE_METHODS.newPayload.name, [change(payload as PayloadJson), inputs]);
}

const { parse, invalidRequest, methodNotFound, invalidParams } = ENGINE_ERROR;
const CAPABILITIES = ENGINE_METHODS.exchangeCapabilities.name;
const FORKCHOICE = ENGINE_METHODS.forkchoiceUpdated.name;
const ZERO = `0x${"00".repeat(32)}`;
/** What execution-apis wants on the engine's port (src/engine/common.md). */
const ETH_METHODS = [
  "eth_blockNumber",
  "eth_call",
  "eth_chainId",
  "eth_getBlockByHash",
  "eth_getBlockByNumber",
  "eth_getCode",
  "eth_getLogs",
  "eth_sendRawTransaction",
  "eth_syncing",
];
const MORE_THAN_IS_TAKEN = 33 * 1024 * 1024;

/** What only shows between two processes: JSON, JSON-RPC and the form of parameters. */
export const WIRE_CHECKS: readonly Check[] = [
  refusal("what is not JSON", parse, () => '{"jsonrpc": "2.0", "id": 1'),
  refusal("nothing", parse, () => ""),
  refusal("a request of another version", invalidRequest, () => '{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}'),
  refusal("a request without a method", invalidRequest, () => '{"jsonrpc":"2.0","id":1}'),
  refusal("an empty batch", invalidRequest, () => "[]"),
  refusal("an unknown method", methodNotFound, () => request("engine_noSuchMethodV1", [])),
  refusal("a method of another fork", methodNotFound, () => request("engine_newPayloadQKCV99", [])),
  refusal("too few parameters", invalidParams, () => request(ENGINE_METHODS.newPayload.name, [])),
  refusal("too many parameters", invalidParams, () => request(CAPABILITIES, [[], []])),
  refusal("parameters by name", invalidParams, () => request(CAPABILITIES, { methods: [] })),
  refusal("a payload that is null", invalidParams, (sample) => newPayload(sample, () => null)),
  refusal("a field that is missing", invalidParams, (sample) =>
    newPayload(sample, ({ stateRoot: _, ...payload }) => payload),
  ),
  refusal("a field that the contract does not have", invalidParams, (sample) =>
    newPayload(sample, (payload) => ({ ...payload, baseFeePerGas: "0x7" })),
  ),
  ...(
    [
      ["DATA with a letter that is no hex digit", "stateRoot", `0x${"0g".repeat(32)}`],
      ["DATA with an odd digit", "stateRoot", `${ZERO}0`],
      ["DATA without 0x", "stateRoot", "00".repeat(32)],
      ["DATA of the wrong length", "stateRoot", "0x00"],
      ["a QUANTITY with leading zeros", "gasUsed", "0x01"],
      ["a QUANTITY without digits", "gasUsed", "0x"],
      ["a QUANTITY that is a number", "gasUsed", 1],
      ["a negative QUANTITY", "gasUsed", "-0x1"],
      ["a QUANTITY of more bytes than its field", "gasUsed", `0x1${"0".repeat(64)}`],
      ["a height past 2^53", "blockNumber", "0x20000000000000"],
      ["a transaction of another type", "transactions", ["0xff00000000"]],
    ] as const
  ).map(([what, field, value]) =>
    refusal(what, invalidParams, (sample) => newPayload(sample, (payload) => ({ ...payload, [field]: value }))),
  ),
  refusal("a forkchoice state without its head", invalidParams, () =>
    request(FORKCHOICE, [{ safeBlockHash: ZERO, finalizedBlockHash: ZERO }, null]),
  ),
  wireCheck(
    "an id of text comes back",
    () => request(CAPABILITIES, [[]], "seven"),
    (answer) => expectEqual("id", responseOf(answer).id, "seven"),
  ),
  wireCheck(
    "attributes may be left out",
    ({ blocks }) => {
      const headBlockHash = `0x${Buffer.from(blocks[blocks.length - 1].blockHash).toString("hex")}`;
      return request(FORKCHOICE, [{ headBlockHash, safeBlockHash: ZERO, finalizedBlockHash: ZERO }]);
    },
    (answer) => expectEqual("error code", responseOf(answer).error?.code ?? null, null),
  ),
  wireCheck(
    "a batch is answered request by request",
    () => `[${request("engine_noSuchMethodV1", [], 7)},${request(CAPABILITIES, [[]], 8)},5]`,
    ({ text }) => {
      const responses = parsed(z.array(responseSchema), text);
      const codes = new Map(responses.map(({ id, error }) => [id, error?.code ?? null]));
      expectEqual("responses", responses.length, 3);
      expectEqual("error code of the first", codes.get(7) ?? null, methodNotFound);
      expectEqual("error code of the second", codes.get(8) ?? null, null);
      expectEqual("error code of the third", codes.get(null) ?? null, invalidRequest);
    },
  ),
  ...ETH_METHODS.map((method) =>
    wireCheck(
      `${method} is served on the same port`,
      () => request(method, []),
      (answer) => expectEqual("is an unknown method", responseOf(answer).error?.code === methodNotFound, false),
    ),
  ),
  {
    name: "JSON-RPC: eth_blockNumber is the height of the head",
    run: async ({ wire, engine }) => {
      const answer = responseOf(await postAuthorized(onWire(wire), request("eth_blockNumber", [])));
      const { head } = await engine.chainIdentity();
      expectEqual("result", String(answer.result), quantityToJson(head?.height ?? 0));
    },
  },
  {
    name: "JSON-RPC: a request that is too large is refused and the engine goes on",
    run: async ({ wire, engine }) => {
      const target = onWire(wire);
      // A server may close the connection on who goes on sending.
      const answer = await postAuthorized(target, " ".repeat(MORE_THAN_IS_TAKEN)).catch(() => undefined);
      if (answer !== undefined) expectEqual("HTTP status", answer.status, 413);
      await engine.chainIdentity();
    },
  },
];
