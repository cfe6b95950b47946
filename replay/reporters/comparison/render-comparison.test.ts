import { describe, expect, test } from "vitest";
import { compareReports } from "../../report/comparison/compare.ts";
import { divergence } from "../../report/report.testkit.ts";
import { colorsFor } from "../../text/colors.ts";
import { HOSTILE, triagedReport } from "../triaged-report.testkit.ts";
import { COMPARISON_FORMS, renderComparison } from "./render-comparison.ts";

const PLAIN = colorsFor(false, {});
const ACTIVE = "a\u001b[2Jb\r\n::error::fake\u202ed\ud800e ##[add-mask]g";

describe.each(COMPARISON_FORMS)("as %s", (form) => {
  const render = (old: number, now: number) =>
    renderComparison(form, compareReports(triagedReport(old), triagedReport(now)), PLAIN);

  test("says how many are new, and which", () => {
    const text = render(2, 5);
    if (form === "json") expect(JSON.parse(text).divergences.fresh).toHaveLength(3);
    else expect(text).toContain("3 new divergences");
    expect(text).toContain(compareReports(triagedReport(2), triagedReport(5)).divergences.fresh[0].id);
  });

  test("what is known is told apart from what is new", () => {
    const nothing = render(5, 5);
    expect(nothing).not.toBe(render(2, 5));
    expect(nothing).not.toMatch(/::error|<failure|❌|New divergences/);
    expect(render(2, 5)).toMatch(/::error|<failure|❌|New divergences|"fresh"/);
  });

  test("no text of a report acts upon where it is shown", () => {
    const fields = [{ field: ACTIVE, declared: "1", computed: HOSTILE }];
    const report = { ...triagedReport(1), divergences: [{ ...divergence(5, 1, 9), class: ACTIVE, fields }] };
    const text = renderComparison(form, compareReports(triagedReport(0), report), PLAIN);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]|\p{Cs}/u);
    expect(text.split("\n").filter((line) => line.startsWith("::error::"))).toEqual([]);
    expect(text).not.toContain("<script>");
  });

  test.skipIf(form === "json")("ten thousand new ones fit a job's summary", () => {
    expect(Buffer.byteLength(render(0, 10_000))).toBeLessThan(200_000);
  });
});
