import { describe, expect, it } from "vitest";
import { colorsFor } from "../text/colors.ts";
import { assembleReport } from "./assemble.ts";
import { divergence, HASH, rangeResult, reportInput, triageOf } from "./report.testkit.ts";
import { summarize } from "./summary.ts";

const plain = colorsFor(false, {});

function summary(...args: Parameters<typeof reportInput>): string {
  return summarize(assembleReport(reportInput(...args)), {
    colors: plain,
    reportPath: "out/report.json",
    next: "qkc x",
  });
}

describe("summarize", () => {
  it("is short when all is well", () => {
    expect(summary([rangeResult(0)])).toBe(
      [
        "clean: 1 minor block and 1 root block of root blocks 1..1 checked; nothing differs",
        "tip 9 (abababababab…), 1 shard, seals not checked, archive rows not compared, confirmed blocks only",
        "",
        "shard    minor blocks  transactions  deposits                    gas used  xshard gas used",
        "1 (0x1)             1             2         3  18,446,744,073,709,551,616            9,000",
        "all                 1             2         3  18,446,744,073,709,551,616            9,000",
        "",
        "report: out/report.json",
        "next:   qkc x",
        "",
      ].join("\n"),
    );
  });

  it("shows declared against computed, and how many more there are", () => {
    const divergences = [1, 2, 3, 4, 5].map((height) => divergence(1, 65538, height));
    const text = summary([rangeResult(0, { divergences })]);
    expect(text).toContain(
      [
        "divergences (5):",
        `  shard 65538 (0x10002) block 1 (root block 1), hash ${HASH}`,
        "    stateRoot",
        "      - declared aa",
        "      + computed bb",
      ].join("\n"),
    );
    expect(text).toContain("  … and 2 more in the report");
    expect(text.match(/- declared/g)).toHaveLength(3);
  });

  it("marks the words that differ", () => {
    const differing = {
      ...divergence(1, null, 1),
      fields: [{ field: "coinbaseAmounts", declared: "35760:100 8:1", computed: "35760:100 8:2" }],
      violations: [{ code: "DIFFICULTY", message: "expected 7" }],
    };
    const report = assembleReport(reportInput([rangeResult(0, { divergences: [differing] })]));
    const options = { colors: colorsFor(true, {}), reportPath: undefined, next: undefined };
    const text = summarize(report, options);
    expect(text).toContain("35760:100 8:\u001b[31m1\u001b[39m");
    expect(text).toContain("35760:100 8:\u001b[32m2\u001b[39m");
    expect(text).toContain("root block 1, hash");
    expect(text).toContain("DIFFICULTY: expected 7");
  });

  it("says where a divergence lies, with the command that shows it again", () => {
    const state = {
      compared: true,
      differences: [
        {
          address: `0x${"0a".repeat(20)}`,
          addressHash: HASH,
          field: "storage" as const,
          key: "0x9",
          keyHash: HASH,
          before: null,
          declared: "0x1",
          computed: null,
        },
      ],
      omitted: 0,
    };
    const triages = new Map([[HASH, triageOf("x", { state, reproducer: "reproducers/1-9-abababab.json" })]]);
    const text = summary([rangeResult(0, { divergences: [divergence(1, 1, 9)] })], { triages });
    expect(text).toContain(
      [
        "    class unexplained/stateRoot",
        `    first in transaction 2 (${HASH})`,
        `    0x${"0a".repeat(20)} storage 0x9: 0x1 declared, none computed`,
        "    reproducer: reproducers/1-9-abababab.json",
        `    qkc diff --db data/mainnet --block ${HASH}`,
      ].join("\n"),
    );
  });

  it("lists classes, those without an explanation first, and what became of the allowlist", () => {
    const divergences = [
      { ...divergence(1, 1, 8), class: "EIP-1884" },
      { ...divergence(1, 1, 9), class: "unexplained/bloom", hash: "cd".repeat(32) },
    ];
    const allowlist = [
      { class: "EIP-1884", reason: "a test net", expires: "2030-01-01" },
      { class: "gone", reason: "was there once", expires: "2030-01-01" },
      { class: "old", reason: "for a while", expires: "2020-01-01" },
    ];
    const text = summary([rangeResult(0, { divergences })], { allowlist });
    expect(text).toContain("1 divergence, 1 allowed divergence, 2 outdated allowlist lines");
    expect(text.indexOf("  unexplained/bloom: 1 divergence")).toBeLessThan(
      text.indexOf("  EIP-1884: 1 divergence (allowed: a test net)"),
    );
    expect(text).toContain(
      [
        "allowlist (3):",
        "  gone: allows nothing that was found: take it out (was there once)",
        "  old: has expired on 2020-01-01 (for a while)",
        "  EIP-1884: allows 1 divergence (a test net)",
      ].join("\n"),
    );
  });

  it("lists damage and unsupported input beside a divergence", () => {
    const nowhere = { fullShardId: null, height: null, hash: null, rootHeight: null };
    const text = summary([
      rangeResult(0, {
        divergences: [divergence(1, 1, 1)],
        damage: [{ ...nowhere, message: "torn manifest", file: null, offset: null, key: null }],
        unsupported: [{ ...nowhere, fullShardId: 1, message: "blob files" }],
      }),
    ]);
    expect(text).toContain("1 divergence, 1 damaged place, 1 unsupported thing");
    expect(text).toContain("  database: torn manifest");
    expect(text).toContain("  shard 1 (0x1): blob files");
  });
});

describe("colorsFor", () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [false, { FORCE_COLOR: "1" }, true],
    [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [true, { TERM: "dumb" }, false],
  ])("terminal %s, %j: %s", (isTerminal, env, expected) => {
    expect(colorsFor(isTerminal, env).isColorSupported).toBe(expected);
  });
});
