import { describe, expect, it } from "vitest";
import { assembleReport } from "../report/assemble.ts";
import { divergence, rangeResult, reportInput } from "../report/report.testkit.ts";
import { type CheckdbOptions, checkdbRequest } from "../work/checkdb-request.ts";
import { nextCommand } from "./next-command.ts";

function request(options: Partial<CheckdbOptions> = {}) {
  return checkdbRequest({ db: "data/main net", verifyChecksums: "default", stallTimeout: 60, ...options });
}

function divergent(...place: Parameters<typeof divergence>) {
  return assembleReport(reportInput([rangeResult(0, { divergences: [divergence(...place)] })]));
}

describe("nextCommand", () => {
  it("narrows a divergence down to its root block and shard", () => {
    expect(nextCommand(divergent(7, 65538, 40), request({ checkArchive: true }), [], undefined)).toBe(
      "qkc checkdb --db 'data/main net' --from 7 --to 7 --shard 65538 --check-archive --json",
    );
    expect(nextCommand(divergent(7, null, 7), request({ config: "c.json" }), [], undefined)).toBe(
      "qkc checkdb --db 'data/main net' --config c.json --from 7 --to 7 --json",
    );
    expect(nextCommand(divergent(null, 1, 7), request({ reporter: ["html"] }), [], "out")).toBe(
      "qkc checkdb --db 'data/main net' --last 1 --unconfirmed --shard 1 --json",
    );
  });

  it("names the page after a divergence, where there is a report and no page yet", () => {
    expect(nextCommand(divergent(7, 65538, 40), request(), [], "my report")).toBe("qkc report html 'my report'");
  });

  it("continues what was interrupted, in its folder", () => {
    const report = assembleReport(reportInput([rangeResult(0)], { interrupted: true }));
    const args = ["checkdb", "--db", "it's", "--last=5"];
    expect(nextCommand(report, request(), args, "reports/x")).toBe(
      "qkc checkdb --db 'it'\\''s' --last=5 --resume --report reports/x",
    );
    expect(nextCommand(report, request(), ["checkdb", "--resume", "--report=out"], "out")).toBe(
      "qkc checkdb --report=out --resume",
    );
  });

  it("has nothing to say after a clean run", () => {
    expect(nextCommand(assembleReport(reportInput([rangeResult(0)])), request(), [], "out")).toBeUndefined();
  });
});
