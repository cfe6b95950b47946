import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { UsageError } from "../../node/codec/errors.ts";
import { triagedReport } from "./triaged-report.testkit.ts";
import { formsFor, reporterNames, writeForms } from "./write-forms.ts";

let folder = "";
let stderr = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-forms-"));
  stderr = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

it("takes several names, and none that does not exist", () => {
  expect(reporterNames("junit, html,junit")).toEqual(["junit", "html"]);
  expect(() => reporterNames("junit,xml")).toThrow(UsageError);
});

it("makes annotations by itself in a job of GitHub's, unless other forms are asked for", () => {
  expect(formsFor(undefined, { GITHUB_ACTIONS: "true" })).toEqual(["github"]);
  expect(formsFor(undefined, {})).toEqual([]);
  expect(formsFor(["html"], { GITHUB_ACTIONS: "true" })).toEqual(["html"]);
});

it("writes all forms of one run, and answers with the page", async () => {
  const page = await writeForms(["html", "junit", "markdown", "github"], triagedReport(2), folder, {});
  expect(page).toBe(join(folder, "report.html"));
  expect(readdirSync(folder).sort()).toEqual(["junit.xml", "report.html", "summary.md"]);
  expect(stderr).toContain("::error title=");
});

it("adds to the summary of a job where there is one", async () => {
  const summary = join(folder, "step");
  await writeForms(["markdown"], triagedReport(1), folder, { GITHUB_STEP_SUMMARY: summary });
  await writeForms(["markdown"], triagedReport(1), folder, { GITHUB_STEP_SUMMARY: summary });
  expect(readFileSync(summary, "utf8").split("## ❌ divergent")).toHaveLength(3);
});

it("tells of a form that cannot be written, and goes on", async () => {
  writeFileSync(join(folder, "a file"), "");
  await writeForms(["html", "github"], triagedReport(1), join(folder, "a file"), {});
  expect(stderr).toContain("--reporter html:");
  expect(stderr).toContain("::error title=");
});
