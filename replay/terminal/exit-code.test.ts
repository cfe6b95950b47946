import { describe, expect, it } from "vitest";
import {
  ConfigError,
  DatabaseDamagedError,
  NotADatabaseError,
  QkcError,
  UnsupportedError,
  UsageError,
} from "../../node/codec/errors.ts";
import { verdictSchema } from "../report/schema.ts";
import { exitCodeOfError, exitCodeOfVerdict, exitCodesText } from "./exit-code.ts";

describe("exit codes", () => {
  it.each([
    ["clean", 0],
    ["error", 1],
    ["divergent", 2],
    ["unsupported", 3],
    ["damaged", 4],
    ["interrupted", 130],
  ] as const)("of the verdict %s: %i", (verdict, code) => {
    expect(exitCodeOfVerdict(verdict)).toBe(code);
  });

  it.each([
    [new UsageError("x"), 1],
    [new ConfigError("x"), 1],
    [new NotADatabaseError("x"), 1],
    [new QkcError("INTERNAL", "x"), 1],
    [new UnsupportedError("x"), 3],
    [new DatabaseDamagedError("x"), 4],
    [new QkcError("INTERRUPTED", "x"), 130],
    [new TypeError("x"), 1],
    ["a thrown text", 1],
  ])("of %o: %i", (error, code) => {
    expect(exitCodeOfError(error)).toBe(code);
  });

  it("are listed in their order, each that a command has", () => {
    const all = Object.fromEntries(verdictSchema.options.map((verdict) => [verdict, `means ${verdict}`]));
    const codes = exitCodesText(all).match(/^ +\d+/gm);
    expect(codes?.map(Number)).toEqual(verdictSchema.options.map(exitCodeOfVerdict).sort((a, b) => a - b));
    expect(exitCodesText({ damaged: "rotten", clean: "fine" })).toBe("Exit codes:\n    0  fine\n    4  rotten");
  });
});
