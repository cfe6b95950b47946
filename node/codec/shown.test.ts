import { describe, expect, test } from "vitest";
import { DatabaseDamagedError, UsageError } from "./errors.ts";
import { shown } from "./shown.ts";

describe("shown", () => {
  test.each([
    ["plain text: ünïcödé 漢字 🙂 and ::", "plain text: ünïcödé 漢字 🙂 and ::"],
    ["a\u001b[2J\u0007b", "a\\u001b[2J\\u0007b"],
    ["a\nb\r\tc", "a\\nb\\r\\tc"],
    ["\u0000\u007f\u009b\u2028\u202e", "\\u0000\\u007f\\u009b\\u2028\\u202e"],
    ["half \ud800 of a pair", "half \\ud800 of a pair"],
    ["::error::fake", "\\u003a:error::fake"],
    ["  ::error::fake", "\\u003a:error::fake"],
    ["so ##[error]fake ##vso[task] ## [", "so \\u0023#[error]fake \\u0023#vso[task] ## ["],
  ])("%j", (text, expected) => {
    expect(shown(text)).toBe(expected);
    expect(shown(expected)).toBe(expected);
  });
});

test("a message of an error is in lines where it is made of them, and nowhere else", () => {
  expect(new UsageError("a\nb").message).toBe("a\\nb");
  expect(new UsageError(["a", "  b\n::error::"]).message).toBe("a\n  b\\n::error::");
  expect(new DatabaseDamagedError("a", { file: "x\u001b[2J" }).message).toBe("a (file x\\u001b[2J)");
});
