import { describe, expect, test } from "vitest";
import { reportedDivergence } from "../report/assemble.ts";
import { divergence } from "../report/report.testkit.ts";
import { REPORTER_NAMES } from "../report/reporter-names.ts";
import { type Report, reportSchema } from "../report/schema.ts";
import { githubReporter } from "./github.ts";
import { htmlReporter } from "./html/html.ts";
import { junitReporter } from "./junit.ts";
import { markdownReporter } from "./markdown.ts";
import { renderReport } from "./render-report.ts";
import { HOSTILE, triagedReport } from "./triaged-report.testkit.ts";

const MANY = triagedReport(10_000);

test("the report of these tests is one", () => {
  expect(() => reportSchema.parse(triagedReport(3))).not.toThrow();
});

test.each(["javascript:alert(1)", "../../secret", "/etc/passwd", "reproducers/../../x", "https://example.org/x"])(
  "a report that links to %s is none",
  (reproducer) => {
    const report = triagedReport(1);
    const [first] = report.divergences;
    const linked = { ...first, triage: first.triage && { ...first.triage, reproducer } };
    expect(reportSchema.safeParse({ ...report, divergences: [linked] }).success).toBe(false);
  },
);

describe("a report whose texts act upon where they are shown", () => {
  const ACTIVE = "a\u001b[2Jb\u009bc\r\n::error::fake\u202ed\ud800e\u2028f ##[add-mask]g";
  const report = {
    ...triagedReport(1),
    warnings: [ACTIVE],
    error: { code: "INTERNAL", message: ACTIVE },
    divergences: [
      {
        ...reportedDivergence(divergence(5, 1, 9)),
        class: ACTIVE,
        fields: [{ field: ACTIVE, declared: ACTIVE, computed: "1" }],
      },
    ],
    classes: triagedReport(1).classes.map((one) => ({ ...one, name: ACTIVE, explanation: ACTIVE })),
  };

  test.each(REPORTER_NAMES)("in the form %s they do not", (form) => {
    const text = renderReport(form, reportSchema.parse(report));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e\u2028]|\p{Cs}/u);
    expect(text).toContain("\\u001b");
    expect(text).not.toContain("##[");
    expect(text.split("\n").filter((line) => line.startsWith("::error::"))).toEqual([]);
  });

  test("a class that is no whole text has a link that finds it again", () => {
    const lone = triagedReport(1).classes.map((one) => ({ ...one, name: "x\ud800" }));
    expect(renderReport("html", { ...triagedReport(1), classes: lone })).toContain("#list?class=x%5Cud800");
  });
});

describe("markdown", () => {
  test("shows verdict, classes, differences and the command", () => {
    const text = markdownReporter.render(triagedReport(2));
    expect(text).toContain("## ❌ divergent: checkdb of a pyquarkchain database, root blocks 1..1000");
    expect(text).toContain("EIP-2929: SLOAD of a cold slot costs 2,100");
    expect(text).toContain("-gasUsed: 0\n");
    expect(text).toContain("+gasUsed: 1\n");
    expect(text).toContain("qkc diff --db data/mainnet --block 1:0");
  });

  test("stays within GitHub's mebibyte and says what it leaves out", () => {
    const long = { ...MANY, warnings: Array.from({ length: 60 }, () => "w".repeat(50_000)) };
    expect(Buffer.byteLength(markdownReporter.render(MANY))).toBeLessThan(200_000);
    expect(markdownReporter.render(MANY)).toContain("9950 more in the JSON report");
    const cut = markdownReporter.render(long);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024 * 1024);
    expect(cut).toContain("Cut here");
  });

  test("text of a report is never markup", () => {
    const text = markdownReporter.render({ ...triagedReport(0), warnings: [HOSTILE] });
    expect(text).toContain("&lt;/script>&lt;img src=x");
    expect(text).not.toContain("<img");
  });

  test("a summary line is HTML, in which Markdown's escapes would be shown", () => {
    const refused = {
      ...reportedDivergence(divergence(5, 1, 9)),
      violations: [{ code: "EXECUTION_INVALID", message: HOSTILE }],
    };
    const [summary] =
      /<summary>.*/.exec(markdownReporter.render({ ...triagedReport(0), divergences: [refused] })) ?? [];
    expect(summary).toContain("EXECUTION_INVALID</summary>");
  });
});

describe("junit", () => {
  test("has a suite for each shard, with the same names whatever the range", () => {
    const text = junitReporter.render(triagedReport(4));
    expect(text).toContain('<testsuites name="qkc checkdb" tests="9" failures="2" errors="0" skipped="0" time="60">');
    expect(text).toContain('<testsuite name="shard 0x1" tests="3" failures="1" errors="0" skipped="0">');
    expect(text).toContain('<testcase classname="shard 0x10001" name="blocks are as declared">');
    const names = (report: Report) =>
      [...junitReporter.render(report).matchAll(/<test\w+[^>]* name="[^"]*"/g)].map(String);
    const other = { ...triagedReport(0), range: { rootFrom: 1001, rootTo: 2345, shards: [1, 65537] } };
    const without = (list: string[]) => list.map((line) => line.replace(/ (tests|failures|errors|skipped)="\d+"/g, ""));
    expect(without(names(other))).toEqual(without(names(triagedReport(4))));
  });

  test("says what was checked and what not", () => {
    expect(junitReporter.render(triagedReport(0))).toMatch(/<property name="checked" value="[^"]*seals not checked/);
  });

  test("what an interrupted or limited run did not reach is skipped, not passed", () => {
    const clean = triagedReport(0);
    expect(junitReporter.render({ ...clean, verdict: "interrupted" })).toContain('failures="0" errors="0" skipped="9"');
    const stopped = { reason: "max-divergences", limit: 1, rootHeight: 500 } as const;
    expect(junitReporter.render({ ...triagedReport(4), stopped })).toContain('failures="2" errors="0" skipped="7"');
  });

  test("an allowed divergence does not fail its case; an error without blocks is a case of its own", () => {
    const allowed = { ...reportedDivergence(divergence(5, 1, 9)), allowed: "known" };
    expect(junitReporter.render({ ...triagedReport(0), divergences: [allowed] })).toContain('failures="0"');
    const failed = { ...triagedReport(0), error: { code: "CRASH", message: "a thread died" }, range: null };
    expect(junitReporter.render(failed)).toContain(
      '<testcase classname="run" name="CRASH"><error message="a thread died">',
    );
  });

  test("what ended a run without belonging to a block is a case, and no other one has passed", () => {
    const nowhere = { fullShardId: null, height: null, hash: null, rootHeight: null, message: "a later format" };
    const text = junitReporter.render({ ...triagedReport(0), unsupported: [nowhere] });
    expect(text).toContain('<testcase classname="database" name="database"><skipped message="a later format">');
    expect(text).toContain('tests="10" failures="0" errors="0" skipped="10"');
    const damage = { ...nowhere, file: null, offset: null, key: null };
    expect(junitReporter.render({ ...triagedReport(0), damage: [damage] })).toContain('errors="1" skipped="9"');
  });

  test("characters that XML cannot hold are replaced", () => {
    const warned = triagedReport(0);
    const damage = {
      ...{ fullShardId: 1, height: 1, hash: null, rootHeight: 1 },
      ...{ message: HOSTILE, file: null, offset: null, key: null },
    };
    const text = junitReporter.render({ ...warned, damage: [damage] });
    expect(text).toContain("&lt;/script&gt;");
    expect(text).not.toContain("\u0007");
    expect(text).toContain("\uFFFD");
  });
});

describe("github", () => {
  test("at most ten annotations of a kind, one of each cause first", () => {
    const lines = githubReporter.render(MANY).trimEnd().split("\n");
    const errors = lines.filter((line) => line.startsWith("::error "));
    expect(errors).toHaveLength(10);
    expect(errors[0]).toContain("title=shard 0x1 block 0 differs::EIP-2929: SLOAD of a cold slot");
    expect(errors[0]).toContain("%0Aqkc diff");
    expect(errors[1]).toContain("block 1 differs");
    expect(errors[9]).toContain("9991 more");
  });

  test("line breaks, commas and colons cannot end an annotation", () => {
    const damage = {
      ...{ fullShardId: null, height: null, hash: null, rootHeight: null },
      ...{ message: "100 %\n::error::fake", file: null, offset: null, key: null },
    };
    const text = githubReporter.render({ ...triagedReport(0), damage: [damage] });
    expect(text).toContain("::100 %25%0A::error::fake\n");
    expect(text.split("\n").filter((line) => line.startsWith("::error"))).toHaveLength(1);
  });
});

describe("html", () => {
  test("is one file that names nothing outside itself", () => {
    const text = htmlReporter.render(triagedReport(3));
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(text).not.toContain("@import");
  });

  test("text of a report is never markup", () => {
    const text = htmlReporter.render(triagedReport(3));
    expect(text).not.toContain("<img");
    expect(text.split("</script>")).toHaveLength(3);
    const [, data = ""] = /id="data">(.*)<\/script>/.exec(text) ?? [];
    const { divergences } = JSON.parse(data);
    expect(divergences[0].patch).toContain(HOSTILE);
    expect(divergences[0].triage.statePatch).toContain("-  balance QKC: 4\n+  balance QKC: 3");
    expect(divergences[0].triage.callsPatch).toMatch(
      /^-transaction 0 .*100 gas\n- .*transfer\(to: 0x.*own 100\n\+trans/m,
    );
    expect(divergences[0].triage.callsGas).toMatch(/^101 +1 +0x(ab)+ {2}transfer\(address,uint256\)$/m);
  });

  test("ten thousand divergences make a page that can be sent around", () => {
    expect(Buffer.byteLength(htmlReporter.render(MANY))).toBeLessThan(8_000_000);
  });
});
