import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** A row of a table in docs/quirks.md: id, place in pyquarkchain, fact, reachable on mainnet, test file, test title. */
interface Quirk {
  readonly id: string;
  readonly source: string;
  readonly fact: string;
  readonly mainnet: string;
  readonly file: string;
  readonly title: string;
}

const ROOT = new URL("../../", import.meta.url);
const PAGE = readFileSync(new URL("docs/quirks.md", ROOT), "utf8");
const QUIRKS = PAGE.split("\n")
  .filter((line) => line.startsWith("| Q-"))
  .map(parseRow);

function parseRow(line: string): Quirk {
  const cells = line.split(" | ").map((cell) => cell.replace(/^\| /, "").replace(/ \|$/, "").trim());
  expect(cells, line).toHaveLength(5);
  const [id, source, fact, mainnet, test] = cells;
  const match = /^\[(?<title>.+)\]\(\.\.\/(?<file>[^)]+)\)$/.exec(test);
  expect(match, line).not.toBeNull();
  return { id, source, fact, mainnet, file: match!.groups!.file, title: match!.groups!.title };
}

/** How often a file has a test of this title, or a row of a test table that begins with it. */
function testsNamed(file: string, title: string): number {
  const source = readFileSync(fileURLToPath(new URL(file, ROOT)), "utf8");
  const literal = title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const asTest = source.match(new RegExp(`(?:\\b(?:it|test)|\\))\\(\\s*["'\`]${literal}["'\`],`, "g")) ?? [];
  const asRow = source.match(new RegExp(`\\[\\s*["'\`]${literal}["'\`],`, "g")) ?? [];
  return asTest.length === 0 ? asRow.length : asTest.length;
}

describe("docs/quirks.md", () => {
  it("has entries, each with an id of its own", () => {
    expect(QUIRKS.length).toBeGreaterThan(150);
    expect(new Set(QUIRKS.map(({ id }) => id)).size).toBe(QUIRKS.length);
  });

  it.each(QUIRKS)(
    "$id names a place, a fact and a test that exists once",
    ({ id, source, fact, mainnet, file, title }) => {
      expect(id).toMatch(/^Q-[A-Z0-9-]+$/);
      expect(source).toMatch(/^`(?:\.\.\/)?[\w/]+\.py(?::[\w.]+)?`$/);
      expect(fact).toMatch(/.$/);
      expect(["yes", "no"]).toContain(mainnet);
      expect(existsSync(fileURLToPath(new URL(file, ROOT))), file).toBe(true);
      expect(testsNamed(file, title), `${file}: $title`).toBe(1);
    },
  );
});
