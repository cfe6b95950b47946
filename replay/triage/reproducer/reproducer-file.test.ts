import { expect, test } from "vitest";
import { UnsupportedError, UsageError } from "../../../node/codec/errors.ts";
import { reproduce } from "./reproduce.ts";
import { smallReproducer } from "./reproducer.testkit.ts";
import { readReproducer, reproducerText } from "./reproducer-file.ts";

const reproducer = await smallReproducer();
const text = reproducerText(reproducer);

/** What reading the file says of a text with a change. */
function refusal(changed: string): unknown {
  try {
    readReproducer(changed, "case.json");
  } catch (error) {
    return error;
  }
  return undefined;
}

function withField(path: readonly (string | number)[], value: unknown): string {
  const file = JSON.parse(text);
  const parent = path.slice(0, -1).reduce((at, key) => at[key], file);
  parent[path[path.length - 1]] = value;
  return JSON.stringify(file);
}

test("what is written is read back, and fails the same way", () => {
  const read = readReproducer(text, "case.json");
  expect(reproducerText(read)).toBe(text);
  expect(read).toEqual(reproducer);
  expect(reproduce(read).differences).toEqual(reproducer.about.differences);
});

test("lines stay readable", () => {
  const long = text.split("\n").filter((line) => line.length > 130 && !/0x[0-9a-f]{64}/.test(line));
  expect(long).toEqual([]);
});

test.each<[string, string, RegExp]>([
  ["no JSON", "{", /case\.json is no JSON/],
  ["nothing", "", /is no JSON/],
  ["something else", "[]", /is no reproducer/],
  ["deep nesting", "[".repeat(500_000), /is no JSON/],
  ["deep nesting that closes", `{"format":"qkc-reproducer/1","pre":${"[".repeat(5000)}${"]".repeat(5000)}}`, /pre/],
  ["bad hex", withField(["transactions", 0, "rlp"], "0x0g"), /transactions\[0\]\.rlp/],
  ["odd hex", withField(["block", "coinbase"], "0x123"), /block\.coinbase/],
  ["a number that is none", withField(["block", "difficulty"], "1e9"), /block\.difficulty/],
  ["a huge number", withField(["block", "difficulty"], "9".repeat(100_000)), /block\.difficulty/],
  ["more gas than there is", withField(["block", "gasLimit"], "9".repeat(30)), /at most 2\^40 gas/],
  ["a time beyond exact integers", withField(["block", "timestamp"], 1e300), /block\.timestamp/],
  [
    "a rate without denominator",
    withField(["config", "localFeeRate"], { numerator: "1", denominator: "0" }),
    /localFee/,
  ],
  ["endless code", withField(["pre"], { [`0x${"11".repeat(20)}`]: { code: [{ zeros: 1e12 }] } }), /code/],
  ["an unknown field", withField(["surprise"], 1), /surprise/],
])("%s is refused with the place", (_, changed, message) => {
  const error = refusal(changed);
  expect(error).toBeInstanceOf(UsageError);
  expect(String(error)).toMatch(message);
});

test("a later version is unsupported", () => {
  expect(refusal(withField(["format"], "qkc-reproducer/2"))).toBeInstanceOf(UnsupportedError);
  expect(refusal(withField(["format"], "qkc-reproducer/1.5"))).toBeInstanceOf(UsageError);
});
