import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readClusterConfig } from "../chain/config-file.ts";
import { decodeRootBlock } from "../chain/root-block.ts";
import { fromHex, hashFromHex, ZERO_HASH } from "../codec/bytes.ts";
import { GOQUARKCHAIN_CONSENSUS, QUARKCHAIN_CONSENSUS } from "./consensus-rules.ts";
import { genesisRulesOf, otherGenesisText } from "./genesis-block.ts";

const OWN = "fixtures/goqkc-own-blocks";

test("goquarkchain's genesis of a chain with two shards is known as such, others are both clients'", () => {
  const { quarkchain: config } = readClusterConfig(`${OWN}/mixed-1.config.json`);
  const lines = gunzipSync(readFileSync(`${OWN}/mixed-1.jsonl.gz`))
    .toString("utf8")
    .trim()
    .split("\n");
  const blocks = lines.map((line): { kind: string; height: number; branch: number; hash: string; hex: string } =>
    JSON.parse(line),
  );
  const root = blocks.find(({ kind, height }) => kind === "root" && height === 0);
  const { header } = decodeRootBlock(fromHex(root?.hex ?? ""));
  const rules = blocks
    .filter(({ kind, height }) => kind === "minor" && height === 0)
    .map(({ branch, hash }) => [branch, genesisRulesOf(config, branch, header, hashFromHex(hash))]);
  expect(rules).toEqual([
    [1, QUARKCHAIN_CONSENSUS],
    [65538, GOQUARKCHAIN_CONSENSUS],
    [65539, GOQUARKCHAIN_CONSENSUS],
    [131073, QUARKCHAIN_CONSENSUS],
  ]);
  expect(genesisRulesOf(config, 1, header, ZERO_HASH)).toBeUndefined();
  expect(otherGenesisText(1, QUARKCHAIN_CONSENSUS)).toBeUndefined();
  expect(otherGenesisText(65538, GOQUARKCHAIN_CONSENSUS)).toMatch(/shard 65538 .* rules of goquarkchain make of it/);
});
