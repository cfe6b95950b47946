import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { readClusterConfig } from "../../../node/chain/config-file.ts";

/** Folder with exec_golden/, pow/ and configs/; README.md says what is in it. */
export const VECTORS = process.env.VECTORS;

if (VECTORS === undefined) console.info("scripts/oracle/vectors: skipped, set VECTORS to a folder of vectors");

/** A JSON file of the folder. */
export function readVectorFile<T>(path: string): T {
  return JSON.parse(readFileSync(join(VECTORS ?? "", path), "utf8")) as T;
}

/** The `cases` of a JSON file, of which there must be some. */
export function readCases<T>(path: string): readonly T[] {
  const { cases } = readVectorFile<{ cases: readonly T[] }>(path);
  if (cases.length === 0) throw new Error(`${path} has no case`);
  console.info(`${path}: ${cases.length} cases`);
  return cases;
}

/** Configuration of a real network, "mainnet" or "devnet". */
export function networkConfiguration(network: string): QuarkChainConfig {
  return readClusterConfig(join(VECTORS ?? "", "configs", `${network}.json`)).quarkchain;
}
