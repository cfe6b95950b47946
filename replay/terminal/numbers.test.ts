import { expect, test } from "vitest";
import { parseHost, parsePositiveNumber, parseSeconds, parseWholeNumber, parseWorkers } from "./numbers.ts";

const NO_NUMBERS = ["", " ", "-1", "1.5", "1e9", "NaN", "Infinity", "0x", "x", "9".repeat(30)];

test.each([parseWholeNumber, parsePositiveNumber, parseWorkers, parseSeconds])(
  "%o takes whole numbers alone",
  (parse) => {
    for (const text of NO_NUMBERS) expect(() => parse(text)).toThrow(/^Expected|^The largest/);
    expect(parse("17")).toBe(17);
    expect(parse("0x11")).toBe(17);
  },
);

test("time is what a timer can wait", () => {
  expect(parseSeconds("2147483")).toBe(2_147_483);
  expect(() => parseSeconds("2147484")).toThrow("The largest possible value is 2147483.");
  expect(() => parseSeconds("0")).toThrow("Expected 1 or more.");
});

test("nobody listens on every address by leaving the host empty", () => {
  for (const text of ["", " ", "a b"]) expect(() => parseHost(text)).toThrow("Expected an address");
  for (const text of ["127.0.0.1", "::", "localhost"]) expect(parseHost(text)).toBe(text);
});
