import fc from "fast-check";
import { expect, test } from "vitest";
import { asAddress, asHash32 } from "../../codec/bytes.ts";
import type { BlockTrace, PreState, UnitTrace } from "../tracing-engine.ts";
import { preStateSchema, preStateToJson } from "./pre-state-json.ts";
import { blockTraceSchema, blockTraceToJson } from "./trace-json.ts";

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() & 0x7fffffff);
const RUNS = { seed: SEED, numRuns: 100 };

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hash = bytes(32).map(asHash32);
const address = bytes(20).map(asAddress);
const word = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n });
/** Below zero where a charge was not checked. */
const gas = fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n });
const text = fc.string({ minLength: 1, unit: "binary" });
const line = fc.record(
  {
    pc: fc.nat(),
    opcode: fc.nat({ max: 255 }),
    gas,
    depth: fc.nat({ max: 1025 }),
    stack: fc.array(word, { maxLength: 5 }),
    cost: gas,
    memorySize: fc.nat(),
    returnData: fc.uint8Array(),
    refund: gas,
    error: text,
  },
  { requiredKeys: ["pc", "opcode", "gas", "depth", "stack"] },
);
const unit: fc.Arbitrary<UnitTrace> = fc.record({
  kind: fc.constantFrom("deposit", "transaction", "reward"),
  index: fc.nat(),
  hash: fc.option(hash),
  steps: fc.array(line, { maxLength: 4 }),
  output: fc.uint8Array(),
  outcome: fc.option(
    fc.record({
      success: fc.boolean(),
      gasUsed: word,
      error: fc.option(text),
      logs: fc.array(fc.record({ address, topics: fc.array(hash, { maxLength: 4 }), data: fc.uint8Array() }), {
        maxLength: 2,
      }),
    }),
  ),
});
const trace: fc.Arbitrary<BlockTrace> = fc.record({
  units: fc.array(unit, { maxLength: 3 }),
  rejection: fc.option(fc.record({ transactionIndex: fc.option(fc.nat()), reason: text })),
});
const entries = fc
  .uniqueArray(fc.tuple(word, word), { selector: ([key]) => key, maxLength: 3 })
  .map((rows) => new Map(rows));
const preState: fc.Arbitrary<PreState> = fc.record({
  accounts: fc.array(
    fc.record({
      address,
      exists: fc.boolean(),
      nonce: word,
      fullShardKey: fc.nat({ max: 0xffffffff }),
      balances: entries,
      codeHash: hash,
      code: fc.option(fc.uint8Array()),
      storage: entries,
    }),
    { maxLength: 3 },
  ),
});

test(`traces survive the wire (FUZZ_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(trace, (value) => {
      expect(blockTraceSchema.parse(JSON.parse(JSON.stringify(blockTraceToJson(value))))).toEqual(value);
    }),
    RUNS,
  );
});

test(`pre-states survive the wire (FUZZ_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(preState, (value) => {
      expect(preStateSchema.parse(JSON.parse(JSON.stringify(preStateToJson(value))))).toEqual(value);
    }),
    RUNS,
  );
});

function readLine(change: object): unknown {
  const step = { pc: 1, op: 96, gas: 100, depth: 1, stack: [], ...change };
  const units = [{ kind: "reward", index: "0x0", hash: null, steps: [step], output: "0x", outcome: null }];
  return blockTraceSchema.parse({ units, rejection: null }).units[0].steps[0];
}

test("other tracers' dialects mean the same", () => {
  const plain = readLine({ gasCost: 3, memSize: 32, refund: 0, returnData: "0x0a", stack: [10] });
  const hex = { pc: "0x1", op: "0x60", gas: "0x64", gasCost: "0x3", memSize: "0x20", refund: "0x0", returnData: "0A" };
  expect(readLine({ ...hex, depth: "0x1", stack: ["0x0a"] })).toEqual(plain);
  expect(readLine({ ...hex, stack: [`${"0".repeat(63)}a`], opName: "PUSH1", memory: null, error: "" })).toEqual(plain);
  const bare = readLine({});
  expect(readLine({ gasCost: null, memSize: null, refund: null, returnData: null, error: null })).toEqual(bare);
});

test("gas of 64 bits is read as hex text; a JSON number that has lost digits is refused", () => {
  expect(readLine({ gas: "0x1fffffffffde31" })).toMatchObject({ gas: 9_007_199_254_732_337n });
  expect(readLine({ gas: "0xffffffffffffffff", gasCost: "-0x1" })).toMatchObject({ gas: 2n ** 64n - 1n, cost: -1n });
  expect(() => readLine({ gas: 2 ** 53 })).toThrow(/"gas"[\s\S]*hex text from 2\^53 on/);
});

test("what is wrong is named by its place", () => {
  expect(() => readLine({ stack: [1, "x"] })).toThrow(/"units",\s*0,\s*"steps",\s*0,\s*"stack",\s*1/);
});
