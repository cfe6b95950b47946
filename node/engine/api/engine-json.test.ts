import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { everyNth } from "../../codec/thoroughness.testkit.ts";
import { ENGINE_METHODS, type EngineMethod } from "./methods.ts";
import {
  balanceRequestSample,
  balanceSample,
  bodiesSample,
  builtPayloadSample,
  forkchoiceParamsSample,
  forkchoiceUpdatedSample,
  hashesSample,
  identitySample,
  payloadSample,
  statusSample,
} from "./samples.testkit.ts";

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() & 0x7fffffff);
const RUNS = { seed: SEED, numRuns: 150 / everyNth(3) };

/** What leaves as text comes back as it was. Clones, because a cut list of deposits cannot be iterated to compare it. */
function survives<T>(schema: z.ZodType<T>, toJson: (value: T) => unknown, value: T): void {
  const back = schema.parse(JSON.parse(JSON.stringify(toJson(value))));
  expect(structuredClone(back)).toEqual(structuredClone(value));
}

function paramsSurvive<P, R>(method: EngineMethod<P, R>, sample: fc.Arbitrary<P>): void {
  fc.assert(
    fc.property(sample, (params) => survives(method.params, method.paramsToJson, params)),
    RUNS,
  );
}

function resultSurvives<P, R>(method: EngineMethod<P, R>, sample: fc.Arbitrary<R>): void {
  fc.assert(
    fc.property(sample, (result) => survives(method.result, method.resultToJson, result)),
    RUNS,
  );
}

describe(`objects survive the wire (FUZZ_SEED=${SEED})`, () => {
  const m = ENGINE_METHODS;
  test("newPayload", () => {
    paramsSurvive(m.newPayload, fc.tuple(payloadSample));
    resultSurvives(m.newPayload, statusSample);
  });
  test("forkchoiceUpdated", () => {
    paramsSurvive(m.forkchoiceUpdated, forkchoiceParamsSample);
    resultSurvives(m.forkchoiceUpdated, forkchoiceUpdatedSample);
  });
  test("getPayload", () => resultSurvives(m.getPayload, builtPayloadSample));
  test("chainIdentity", () => resultSurvives(m.chainIdentity, identitySample));
  test("bodies", () => {
    paramsSurvive(m.getPayloadBodiesByHash, fc.tuple(hashesSample));
    resultSurvives(m.getPayloadBodiesByHash, bodiesSample);
    paramsSurvive(m.getPayloadBodiesByRange, fc.tuple(fc.maxSafeNat(), fc.maxSafeNat()));
  });
  test("getBalance", () => {
    paramsSurvive(m.getBalance, fc.tuple(balanceRequestSample));
    resultSurvives(m.getBalance, balanceSample);
  });
});

/** Every value that stands anywhere in a JSON object, by its path. */
function* places(value: unknown, path: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* places(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function changed(root: unknown, path: readonly (string | number)[], change: (value: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(root);
  const copy = Array.isArray(root) ? [...root] : { ...(root as object) };
  (copy as Record<string | number, unknown>)[key] = changed((root as never)[key], rest, change);
  return copy;
}

describe("what is not of the form is refused", () => {
  const [payload] = fc.sample(payloadSample, { seed: 7, numRuns: 1 });
  const { newPayload } = ENGINE_METHODS;
  const json = newPayload.paramsToJson([payload]);

  test.each<[string, (value: unknown) => unknown]>([
    ["a value that is missing", () => undefined],
    ["null", () => null],
    ["a number", () => 7],
    ["a text without 0x", () => "12"],
    ["0x twice", () => "0x0x12"],
    ["a letter that is no hex digit", (value) => `${String(value).slice(0, -1)}g`],
    ["a space", (value) => `${value} `],
    ["a minus", () => "-0x1"],
    ["an odd or leading zero", () => "0x012"],
    ["one more field", (value) => ({ ...(value as object), extra: "0x" })],
    ["a prototype", (value) => Object.assign(JSON.parse('{"__proto__": {}}'), value)],
  ])("%s, anywhere", (_name, change) => {
    for (const path of places(json)) {
      const wrong = changed(json, path, change);
      // 0x12 is DATA and QUANTITY, and an object's additions do not show in a text.
      if (JSON.stringify(wrong) === JSON.stringify(json)) continue;
      expect(newPayload.params.safeParse(wrong).success, path.join(".")).toBe(false);
    }
  });

  test.each([
    ["a number of more bytes than its field", [0, "gasLimit"], `0x1${"0".repeat(64)}`],
    ["a height past 2^53 − 1", [0, "blockNumber"], "0x20000000000000"],
    ["a shard id of 33 bits", [0, "fullShardId"], "0x100000000"],
    ["a nonce of 65 bits", [0, "nonce"], "0x10000000000000000"],
    ["a hash of 31 bytes", [0, "blockHash"], `0x${"00".repeat(31)}`],
    ["a bloom of 257 bytes", [0, "logsBloom"], `0x${"00".repeat(257)}`],
    ["an address of 20 bytes", [0, "feeRecipient"], `0x${"00".repeat(20)}`],
    ["extra data of 65536 bytes", [0, "extraData"], `0x${"00".repeat(65536)}`],
    ["a transaction of another type", [0, "transactions"], ["0x0100000000"]],
    ["a transaction with something behind it", [0, "transactions"], ["0x000000000000"]],
    ["a transaction cut off", [0, "transactions"], ["0x0000000001"]],
    [
      "a token twice",
      [0, "coinbase"],
      [
        { tokenId: "0x1", balance: "0x1" },
        { tokenId: "0x1", balance: "0x2" },
      ],
    ],
    [
      "a sender twice",
      [1, "senderDisallowMap"],
      [
        { address: `0x${"11".repeat(20)}`, amount: "0x1" },
        { address: `0x${"11".repeat(20)}`, amount: "0x1" },
      ],
    ],
  ])("%s", (_name, path, value) => {
    expect(newPayload.params.safeParse(changed(json, path, () => value)).success).toBe(false);
  });

  test("parameters that are too few or too many", () => {
    for (const wrong of [[], json.slice(0, 1), [...json, null]]) {
      expect(newPayload.params.safeParse(wrong).success).toBe(false);
    }
  });

  test("a validation error that is not the text of an object", () => {
    const { result } = newPayload;
    const status = { status: "INVALID", latestValidHash: null, computed: null };
    for (const validationError of ["blockhash mismatch", "{}", '{"kind":"mismatch","fields":[]}']) {
      expect(result.safeParse({ ...status, validationError }).success).toBe(false);
    }
  });
});
