import { describe, expect, it } from "vitest";
import { sourceProvenance } from "./provenance.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

describe("what a build says of its source", () => {
  it("is what it is told where there is no checkout", () => {
    expect(sourceProvenance("/", COMMIT)).toEqual({ commit: COMMIT, isModified: false });
    expect(sourceProvenance("/", `${COMMIT}-dirty`)).toEqual({ commit: COMMIT, isModified: true });
  });

  it("is nothing where it is not told", () => {
    expect(sourceProvenance("/")).toEqual({ commit: null, isModified: false });
    expect(sourceProvenance("/", "")).toEqual({ commit: null, isModified: false });
  });

  it.each(["main", "0123456", `${COMMIT}-rc1`, `${COMMIT}\n`])("is never %j", (told) => {
    expect(() => sourceProvenance("/", told)).toThrow("QKC_COMMIT");
  });
});
