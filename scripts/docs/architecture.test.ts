import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const text = pageText("docs/architecture.md");

it.each(["docs/architecture.md", "docs/slave.md"])("%s names no file that does not exist", (page) => {
  const folder = dirname(resolve(PROJECT, page));
  const text = pageText(page);
  const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => resolve(folder, target));
  const spans = [...text.matchAll(/`((?:node|replay|scripts|docs)\/[\w./-]+)`/g)]
    .map(([, path]) => path)
    .filter((path) => !path.includes("NNNN"))
    .map((path) => resolve(PROJECT, path));
  const tests = [...text.matchAll(/(?:node|replay|scripts)\/[\w./-]+\.ts/g)].map(([path]) => resolve(PROJECT, path));
  const named = [...links, ...spans, ...tests];
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

it("has every folder of node and replay in its tree", () => {
  const [tree] = /```\n[\s\S]*?```/.exec(text) ?? [""];
  const folders = ["node", "replay"].flatMap((name) => readdirSync(resolve(PROJECT, name)));
  expect(folders.filter((folder) => !new RegExp(`(^|\\s)${folder}/?(\\s|$)`, "m").test(tree))).toEqual([]);
});

function pageText(page: string): string {
  return readFileSync(resolve(PROJECT, page), "utf8");
}
