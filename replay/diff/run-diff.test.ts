import { afterEach, describe, expect, it, vi } from "vitest";
import { colorsFor } from "../text/colors.ts";
import { diffText } from "./diff-text.ts";
import { runDiff } from "./run-diff.ts";

const DB = "fixtures/pyqkc-small";

afterEach(() => vi.restoreAllMocks());

async function diff(block: string, rules?: string, against?: string) {
  let text = "";
  vi.spyOn(process.stdout, "write").mockImplementation((part) => {
    text += part;
    return true;
  });
  const code = await runDiff({ db: DB, configPath: undefined, block, rules, against, json: true });
  return { code, ...JSON.parse(text) };
}

/** The first block of shard 1 that differs under rules. */
async function firstDiffering(rules: string, against?: string) {
  for (let height = 1; ; height++) {
    const found = await diff(`1:${height}`, rules, against);
    if (found.code !== 0) return found;
  }
}

describe("qkc diff", () => {
  it("has nothing to show of a block that matches what it declares", async () => {
    const found = await diff("1:12");
    expect(found).toMatchObject({ code: 0, height: 12, unit: null, fields: [], receipts: [] });
    expect(found.state).toEqual({ compared: true, differences: [], omitted: 0 });
  });

  it("shows fields, receipts and entries of the state that differ, and finds the block by its hash too", async () => {
    const found = await firstDiffering("+1884");
    expect(found.code).toBe(2);
    expect(found.fields.map(({ field }: { field: string }) => field)).toContain("gasUsed");
    expect(found.receipts[0].fields[0].field).toMatch(/success|cumulativeGasUsed/);
    expect(found.unit).toEqual(found.receipts[0].unit);
    expect(found.state.differences.length).toBeGreaterThan(0);
    expect(await diff(found.hash, "+1884")).toEqual(found);
  });

  it("compares two rule sets, the first of which is the left side", async () => {
    const declared = await firstDiffering("+1884");
    const rules = await diff(declared.hash, "quarkchain", "+1884");
    expect(rules).toMatchObject({ code: 2, left: "quarkchain", right: "quarkchain+1884", unit: declared.unit });
    expect(rules.fields).toEqual(declared.fields);
    expect(rules.receipts).toEqual(declared.receipts);
    expect(rules.state).toEqual(declared.state);
    const turned = await diff(declared.hash, "+1884", "quarkchain");
    expect(turned.fields[0].declared).toBe(rules.fields[0].computed);
  });

  it("says that one side refuses the block", async () => {
    // Prices of calldata rise above what transactions of the fixture bring with them.
    const found = await firstDiffering("quarkchain", "+7623");
    expect(found.fields.map(({ field }: { field: string }) => field).length).toBeGreaterThan(0);
  });

  it.each([
    ["1:999999", /height 999,999 not found/],
    ["77:1", /no shard 77/],
    ["1:0", /not executed/],
    ["x", /expected SHARD:HEIGHT/],
  ])("refuses block %s", async (block, message) => {
    await expect(diff(block)).rejects.toThrow(message);
  });
});

describe("diffText", () => {
  const entry = { address: null, addressHash: "ab", key: null, keyHash: "cd", before: "0x1" };
  const sides = {
    left: "declared",
    right: "computed",
    unit: { kind: "deposit" as const, index: 3, hash: null },
    fields: [{ field: "gasUsed", declared: "5", computed: "6" }],
    receipts: null,
    state: {
      compared: true,
      differences: [{ ...entry, field: "storage" as const, declared: "0x2", computed: null }],
      omitted: 7,
    },
  };

  it("is a unified diff of what differs", () => {
    expect(diffText(sides, "block 1", colorsFor(false, {}))).toBe(
      [
        "block 1",
        "first in deposit 3",
        "receipts are not compared: those of one side are not to be had",
        "7 more differences of the state are not shown",
        "--- declared",
        "+++ computed",
        "@@ -1,5 +1,5 @@",
        " block",
        "-  gasUsed: 5",
        "+  gasUsed: 6",
        " account with keccak ab",
        "   storage with keccak cd (before: 0x1)",
        "-    0x2",
        "+    none",
      ].join("\n"),
    );
  });

  it("colours the sides", () => {
    const text = diffText(sides, "block 1", colorsFor(true, {}));
    expect(text).toContain("\u001b[31m-  gasUsed: 5\u001b[39m");
    expect(text).toContain("\u001b[32m+  gasUsed: 6\u001b[39m");
  });

  it("says so where nothing differs", () => {
    const same = {
      ...sides,
      unit: null,
      fields: [],
      receipts: [],
      state: { ...sides.state, differences: [], omitted: 0 },
    };
    expect(diffText(same, "block 1", colorsFor(false, {}))).toBe("block 1\nnothing differs");
  });
});
