import { expect, test } from "vitest";
import { fromHex } from "../../codec/bytes.ts";
import { programOf } from "./program.ts";

test("only a JUMPDEST outside push data is a landing", () => {
  const program = programOf(fromHex("5b605b5b7f5b5b"));
  expect([0, 1, 2, 3, 4, 5, 6, 7, 1e30].map((at) => program.isJumpDest(at))).toEqual([
    true,
    false,
    false,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("pushed constants are padded with zeros at the end of the code", () => {
  const program = programOf(fromHex("61010262aabb"));
  expect(program.constant(0, 2)).toBe(0x0102n);
  expect(program.constant(0, 2)).toBe(0x0102n);
  expect(program.constant(3, 3)).toBe(0xaabb00n);
});

test("the same array has the same program", () => {
  const code = fromHex("5b");
  expect(programOf(code)).toBe(programOf(code));
  expect(programOf(code)).not.toBe(programOf(code.slice()));
});
