import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { unpack } from "../packed-files.testkit.ts";

const FIXTURE = fileURLToPath(new URL("../../../fixtures/goqkc-small", import.meta.url));
const OWN_BLOCKS = fileURLToPath(new URL("../../../fixtures/goqkc-own-blocks", import.meta.url));
export const GOQKC_CONFIG = join(FIXTURE, "cluster_config.json");
/** Of OwnBlocksDirectory. */
export const OWN_BLOCKS_CONFIG = join(OWN_BLOCKS, "switches.config.json");

/** A copy of fixtures/goqkc-small's data directory in a folder of its own. */
export class GoquarkchainDirectory {
  readonly dir: string;

  /** With `archive` the state of every block of shard 1 is there, else of a few blocks as in the other shard. */
  constructor({ archive = false }: { archive?: boolean } = {}) {
    this.dir = mkdtempSync(join(tmpdir(), "goqkc-"));
    unpack(join(FIXTURE, "pruned.files.gz"), this.dir);
    if (!archive) return;
    rmSync(join(this.dir, "S0"), { recursive: true });
    unpack(join(FIXTURE, "archive-shard-1.files.gz"), this.dir);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A copy of fixtures/goqkc-own-blocks' data directory, whose blocks pyquarkchain would not have made. */
export class OwnBlocksDirectory {
  readonly dir = mkdtempSync(join(tmpdir(), "goqkc-own-"));

  constructor(format: "leveldb" | "rocksdb") {
    unpack(join(OWN_BLOCKS, `switches-${format}.files.gz`), this.dir);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** One line of blocks.jsonl: what the clients computed. */
export interface ExportedBlock {
  readonly kind: "root" | "minor";
  readonly branch: number;
  readonly height: number;
  readonly hash: string;
  readonly parent: string;
  readonly prevRoot: string;
  readonly stateRoot: string;
  readonly receiptRoot: string;
  readonly txRoot: string;
  readonly gasUsed: string;
  readonly xshardGasUsed: string;
  readonly cursor: readonly number[];
  readonly txs: number;
  readonly xshardOut: number;
  readonly size: number;
}

export function exportedBlocks(): ExportedBlock[] {
  const text = gunzipSync(readFileSync(join(FIXTURE, "blocks.jsonl.gz"))).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ExportedBlock);
}
