import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../codec/errors.ts";
import { type JsonValue, parseExactJson } from "./config-json.ts";

const parse = (text: string) => parseExactJson(text, "c.json");

describe("parseExactJson", () => {
  it("keeps every digit of whole numbers and reads others as floats, as Python's json", () => {
    expect(parse("156000000000000000001")).toBe(156000000000000000001n);
    expect(parse("-9007199254740993")).toBe(-9007199254740993n);
    expect(parse("1.0")).toBe(1);
    expect(parse("1e18")).toBe(1e18);
    expect(parse("-0.88E-1")).toBe(-0.088);
  });

  it("keeps the order of names and the last of equal ones", () => {
    const object = parse('{"b": 1, "10": 2, "a": 3, "b": 4}') as ReadonlyMap<string, JsonValue>;
    expect([...object]).toEqual([
      ["b", 4n],
      ["10", 2n],
      ["a", 3n],
    ]);
  });

  it("treats __proto__ as any other name", () => {
    expect(parse('{"__proto__": {"x": 1}}')).toEqual(new Map([["__proto__", new Map([["x", 1n]])]]));
  });

  it("says where a text stops being JSON", () => {
    expect(() => parse('{\n  "a": 1,\n  b: 2\n}')).toThrow(
      new ConfigError("c.json is not JSON: expected a name in double quotes at line 3, column 3"),
    );
  });

  it.each([
    "",
    " ",
    "{",
    "[1,]",
    '{"a":1,}',
    '{"a" 1}',
    '{"a":}',
    "[1 2]",
    "nul",
    "NaN",
    "Infinity",
    "01",
    "1.",
    ".5",
    "+1",
    "1 2",
    '"abc',
    '"\\x"',
    '"a\nb"',
    "'a'",
    "\ufeff{}",
    "[".repeat(100000),
    `[${"1".repeat(5000)}]`,
  ])("refuses %j", (text) => {
    expect(() => parse(text)).toThrow(ConfigError);
  });

  it("agrees with JSON.parse on everything that has no large numbers", () => {
    const options = { numRuns: 500 };
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(plain(parse(text))).toEqual(JSON.parse(text));
      }),
      options,
    );
  });
});

function plain(value: JsonValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, JsonValue>)].map(([name, inner]) => [name, plain(inner)]);
    return Object.fromEntries(entries);
  }
  return Array.isArray(value) ? value.map(plain) : value;
}
