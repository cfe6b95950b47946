import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { divergence } from "../report.testkit.ts";
import type { Divergence } from "../schema.ts";
import { type Allowlist, type AllowlistRun, applyAllowlist, readAllowlist } from "./allowlist.ts";

const folder = mkdtempSync(join(tmpdir(), "qkc-allow-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ENTRY = { class: "known", reason: "mined by the other client", expires: "2026-11-22" };
const RUN: AllowlistRun = {
  range: { rootFrom: 10, rootTo: 20, shards: [1, 2] },
  isComplete: true,
  startedAt: "2026-11-22T23:59:59.000Z",
};

function known(rootHeight: number | null, fullShardId: number | null): Divergence {
  return { ...divergence(rootHeight, fullShardId, 5), class: "known" };
}

function status(entry: Allowlist[number], found: readonly Divergence[], run: Partial<AllowlistRun> = {}) {
  const { results, divergences } = applyAllowlist([entry], found, { ...RUN, ...run });
  return [results[0].status, results[0].count, divergences.map(({ allowed }) => allowed)];
}

describe("applyAllowlist", () => {
  it("gives a divergence of the class the entry's reason", () => {
    expect(status(ENTRY, [known(12, 1), divergence(12, 1, 6)])).toEqual(["matched", 1, [ENTRY.reason, null]]);
  });

  it.each([
    ["another shard", { shards: [2] }, known(12, 1), "unmatched"],
    ["the root chain, where shards are named", { shards: [1] }, known(12, null), "unmatched"],
    ["the root chain", {}, known(12, null), "matched"],
    ["below the range", { rootFrom: 13 }, known(12, 1), "unmatched"],
    ["the range's first block", { rootFrom: 12 }, known(12, 1), "matched"],
    ["the range's last block", { rootTo: 12 }, known(12, 1), "matched"],
    ["above the range", { rootTo: 11 }, known(12, 1), "unmatched"],
    ["unconfirmed, below an end", { rootTo: 20 }, known(null, 1), "unmatched"],
    ["unconfirmed, without an end", { rootFrom: 12 }, known(null, 1), "matched"],
  ])("%s: %j", (_, narrowed, found, expected) => {
    expect(status({ ...ENTRY, ...narrowed }, [found])[0]).toBe(expected);
  });

  it("lets the first entry that covers a divergence have it", () => {
    const second = { ...ENTRY, reason: "second" };
    const { divergences, results } = applyAllowlist([ENTRY, second], [known(12, 1)], RUN);
    expect(divergences[0].allowed).toBe(ENTRY.reason);
    expect(results.map((one) => one.status)).toEqual(["matched", "unmatched"]);
  });

  it("allows nothing from the day after it expires on", () => {
    expect(status(ENTRY, [known(12, 1)], { startedAt: "2026-11-23T00:00:00.000Z" })).toEqual(["expired", 0, [null]]);
  });

  it.each([
    ["is cut short", { isComplete: false }, {}],
    ["has no database", { range: null }, {}],
    ["starts behind the entry's range", {}, { rootFrom: 9, rootTo: 12 }],
    ["ends before the entry's range does", {}, { rootFrom: 15, rootTo: 21 }],
    ["leaves one of its shards out", {}, { shards: [1, 3] }],
  ])("is not out of date for a run that %s", (_, run, narrowed) => {
    expect(status({ ...ENTRY, ...narrowed }, [], run)[0]).toBe("not-covered");
  });
});

describe("readAllowlist", () => {
  function read(content: string) {
    const path = join(folder, "allow.json");
    writeFileSync(path, content);
    return readAllowlist(path);
  }

  it("reads a list of entries", () => {
    expect(read(JSON.stringify([ENTRY]))).toEqual([ENTRY]);
  });

  it.each([
    ["no JSON", "[", /--allow .*allow.json: /],
    ["an empty list", "[]", /--allow/],
    ["an entry without a reason", JSON.stringify([{ ...ENTRY, reason: undefined }]), /reason/],
    ["a field that does not exist", JSON.stringify([{ ...ENTRY, shard: 1 }]), /shard/],
    ["no date", JSON.stringify([{ ...ENTRY, expires: "soon" }]), /expires/],
    ["an empty range", JSON.stringify([{ ...ENTRY, rootFrom: 2, rootTo: 1 }]), /starts at 2 and ends at 1/],
  ])("refuses %s", (_, content, message) => {
    expect(() => read(content)).toThrow(message);
  });

  it("refuses a file that is not there", () => {
    expect(() => readAllowlist(join(folder, "none.json"))).toThrow(/--allow .*none.json/);
  });
});
