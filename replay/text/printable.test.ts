import fc from "fast-check";
import { expect, test } from "vitest";
import { printable, shownWithin } from "./printable.ts";

test("colours, tabs and line breaks of this program stay, everything else is shown", () => {
  expect(printable("\u001b[31mred\u001b[39m\tx\n")).toBe("\u001b[31mred\u001b[39m\tx\n");
  expect(printable("a\u001b[2Jb\u001b]0;title\u0007\n::error::x\r")).toBe(
    "a\\u001b[2Jb\\u001b]0;title\\u0007\n\\u003a:error::x\\r",
  );
});

test("a text without anything to show is told apart by one look, and no other text is", () => {
  const part = fc.constantFrom(
    "a",
    " ",
    "\n",
    "\t",
    "#",
    "##[",
    "::",
    ":",
    "\u001b[31m",
    "\u0085",
    "\u2028",
    "\ud800",
    "ü",
  );
  fc.assert(
    fc.property(
      fc.array(part).map((parts) => parts.join("")),
      (text) => {
        // What is behind it has each line looked at.
        expect(`${printable(text)}\n\t`).toBe(printable(`${text}\n\t`));
      },
    ),
  );
});

test("JSON stays the same value", () => {
  const value = { "k\u009b": ["\u001b[2J\u2028", "\ud800", "::error::", "##[error]"] };
  expect(JSON.parse(printable(JSON.stringify(value, null, 2)))).toEqual(value);
});

test("strings within plain data are shown, other values stay", () => {
  const bytes = Uint8Array.of(1);
  expect(shownWithin({ "a\n": ["b\u001b", 1, 2n, null, undefined, bytes] })).toEqual({
    "a\\n": ["b\\u001b", 1, 2n, null, undefined, bytes],
  });
});
