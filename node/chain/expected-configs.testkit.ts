import { readFileSync } from "node:fs";
import type { ClusterConfig } from "./config.ts";
import type { Environment } from "./config-environment.ts";
import { readClusterConfig } from "./config-file.ts";
import { type CanonicalValue, canonical } from "./config-hash.ts";
import type { OperationConfig } from "./config-operation.ts";

/** What pyquarkchain makes of a configuration (fixtures/configs/dump_config.py). */
interface ExpectedConfig {
  readonly dbPathRoot: string;
  readonly enableTransactionHistory: boolean;
  readonly slaves: readonly unknown[];
  readonly operation: unknown;
  readonly quarkchain: unknown;
  readonly rootGenesis: { readonly hash: string; readonly encoded: string };
  readonly shards: readonly ExpectedShard[];
  readonly initializedBefore: Readonly<Record<string, readonly number[]>>;
}

interface ExpectedShard {
  readonly fullShardId: number;
  readonly shardId: number;
  readonly accounts: readonly string[];
  readonly maxBlocksInOneRootBlock: number;
  readonly xshardGasLimit: string;
  /** Height and genesis token. */
  readonly rewards: readonly (readonly [number, string])[];
  readonly genesis: {
    readonly rootHeight: number;
    readonly stateRoot: string;
    readonly metaHash: string;
    readonly hash: string;
    readonly encoded: string;
  };
}

interface Expected {
  readonly fractions: readonly (readonly [string, { readonly numerator: string; readonly denominator: string }])[];
  /** A Python literal, and its value as JSON. */
  readonly literals: readonly (readonly [string, string])[];
  /** Variables, with their values, that pyquarkchain cannot apply. */
  readonly refusedVariables: readonly (readonly [string, string])[];
  readonly environment: Readonly<Record<string, string>>;
  /** varied.json under that environment. */
  readonly underEnvironment: ExpectedConfig;
  readonly configs: Readonly<Record<string, ExpectedConfig>>;
}

const FOLDER = new URL("../../fixtures/configs/", import.meta.url).pathname;

export const EXPECTED: Expected = JSON.parse(readFileSync(`${FOLDER}expected.json`, "utf8"));
export const CONFIG_FILES = Object.keys(EXPECTED.configs);

export function readFixtureConfig(name: string, environment: Environment = {}): ClusterConfig {
  return readClusterConfig(FOLDER + name, environment);
}

/** In the form of the expected values: maps as lists of pairs, bytes as hex, whole numbers beyond 2^53 as texts. */
export function canonicalOperation({ mining, ...rest }: OperationConfig): CanonicalValue {
  return canonical({ ...rest, mining: [...mining] });
}

type JsonTree = null | boolean | number | string | JsonTree[] | { [name: string]: JsonTree };

/** A change of one value: its path with dots, and what stands there instead; undefined removes it. */
export type ConfigChange = readonly [path: string, value: JsonTree | undefined];

/** Text of the smallest configuration with some values changed. */
export function changedDefaults(...changes: readonly ConfigChange[]): string {
  const tree: JsonTree = JSON.parse(readFileSync(`${FOLDER}defaults.json`, "utf8"));
  for (const [path, value] of changes) change(tree, path.split("."), value);
  return JSON.stringify(tree);
}

function change(tree: JsonTree, path: readonly string[], value: JsonTree | undefined): void {
  const [name, ...rest] = path;
  const parent = tree as { [name: string]: JsonTree };
  if (rest.length > 0) change(parent[name], rest, value);
  else if (value === undefined) delete parent[name];
  else parent[name] = value;
}
