import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** A minor block as pyquarkchain computed it. */
export interface BlockExport {
  readonly branch: number;
  readonly height: number;
  readonly hash: string;
  readonly coinbaseAmounts: Readonly<Record<string, string>>;
  readonly stateRoot: string;
  readonly receiptRoot: string;
  readonly gasUsed: number;
  readonly xshardGasUsed: number;
  readonly cursor: readonly [number, number, number];
  /** Keccak of the header's bloom, hex. */
  readonly bloomKeccak: string;
  readonly txCount: number;
  /** Deposits sent. */
  readonly xshardOut: number;
  /** Success, cumulative gas, logs, contract address; transactions first. Absent for genesis blocks. */
  readonly receipts?: readonly (readonly [number, number, number, string])[];
  readonly depositReceipts?: number;
  readonly canonical: boolean;
  /** Whether a canonical root block confirms it. */
  readonly confirmed: boolean;
}

export interface RootExport {
  readonly height: number;
  readonly hash: string;
  readonly minor: readonly unknown[];
  readonly canonical: boolean;
}

/** An account at the tip of its shard. */
export interface AccountExport {
  readonly branch: number;
  readonly address: string;
  readonly rlp: string;
}

export interface ManifestExport {
  readonly shardTips: Readonly<Record<string, { readonly height: number; readonly stateRoot: string }>>;
  readonly counts: { readonly rootBlocks: number; readonly minorBlocks: number; readonly canonicalMinor: number };
}

const FOLDER = "fixtures/pyqkc-small-exports";

/** Rows that pyquarkchain itself wrote about the fixture database. */
export function exportedRows<T>(name: "blocks" | "roots" | "accounts"): T[] {
  const lines = unpacked(`${name}.jsonl.gz`).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

export function exportedManifest(): ManifestExport {
  return JSON.parse(unpacked("manifest.json.gz")) as ManifestExport;
}

function unpacked(name: string): string {
  return gunzipSync(readFileSync(`${FOLDER}/${name}`)).toString("utf8");
}
