import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RootChain } from "../../node/cl/root-chain.ts";
import { openDatabase } from "../../replay/database/open-database.ts";
import { Findings } from "../../replay/execution/findings.ts";
import { MinorCheck } from "../../replay/execution/minor-check.ts";
import { RootCheck } from "../../replay/execution/root-check.ts";
import { ShardRigs } from "../../replay/execution/shard-rig.ts";
import { findCauses } from "../../replay/triage/divergence-causes.ts";
import type { Difference, Level } from "./level.ts";
import type { Reference } from "./reference.ts";

/** A database that the reference made of a seed, and what checking it found. */
export interface ChainCase {
  readonly name: string;
  readonly seed: number;
  readonly folder: string;
  readonly made: MadeDatabase;
  readonly checkedBlocks: number;
  readonly found: readonly string[];
}

interface MadeDatabase {
  readonly minorBlocks: number;
  readonly transactions: number;
  /** Why pyquarkchain could not continue the chain; null where it ended as planned. */
  readonly stopped: string | null;
}

const CACHE_BYTES = 32 * 2 ** 20;
const SHOWN_FINDINGS = 5;

/**
 * Whole small databases of random configurations, checked as `qkc checkdb --check-archive` does: each root block,
 * each confirmed minor block and each row that its execution writes. A database without a finding is removed.
 */
export class ChainLevel implements Level<ChainCase> {
  readonly name = "chain";
  readonly seedsPerRequest = 1;
  readonly #reference: Reference;
  readonly #extent = { blocks: 0, transactions: 0, stopped: 0 };
  readonly #folder = join(tmpdir(), `qkc-fuzz-chain-${process.pid}`);

  constructor(reference: Reference) {
    this.#reference = reference;
  }

  casesOf(seeds: readonly number[]): Promise<ChainCase[]> {
    return Promise.all(seeds.map((seed) => this.#caseOf(seed)));
  }

  extent(): string {
    const { blocks, transactions, stopped } = this.#extent;
    return `${blocks} confirmed blocks, ${transactions} transactions made, ${stopped} chains stopped early`;
  }

  differs(chainCase: ChainCase): boolean {
    this.#extent.blocks += chainCase.checkedBlocks;
    this.#extent.transactions += chainCase.made.transactions;
    if (chainCase.made.stopped !== null) this.#extent.stopped++;
    if (chainCase.found.length > 0) return true;
    rmSync(chainCase.folder, { recursive: true });
    return false;
  }

  explain(chainCase: ChainCase): Promise<Difference<ChainCase>> {
    const { name, folder, found } = chainCase;
    const shown = found.slice(0, SHOWN_FINDINGS).join("\n  ");
    return Promise.resolve({
      name,
      smallest: chainCase,
      description: `${shown}\n  ${found.length} in all, in ${folder}`,
    });
  }

  async #caseOf(seed: number): Promise<ChainCase> {
    const folder = join(this.#folder, String(seed));
    mkdirSync(this.#folder, { recursive: true });
    const made = await this.#reference.ask<ChainCase["made"]>({ do: "database", seed, folder });
    return { name: `seed ${seed}`, seed, folder, made, ...(await check(folder, made.minorBlocks)) };
  }
}

/** What is wrong with a database, as sentences; at least something must have been there to check. */
async function check(folder: string, minorBlocks: number): Promise<Pick<ChainCase, "checkedBlocks" | "found">> {
  const database = openDatabase({ db: folder, configPath: undefined, rootTip: undefined, verifyChecksums: "all" });
  try {
    const rootChain = new RootChain(database.source.rootBlocks(), database.rootTip);
    const tip = database.source.rootBlocks().rootHeader(database.rootTip).height;
    const options = { cacheBytes: CACHE_BYTES, checkArchive: true, rootTipHeight: tip };
    const rigs = new ShardRigs(database, rootChain, options);
    const findings = new Findings();
    const minor = new MinorCheck(database, rigs, findings, { findCauses });
    const root = new RootCheck(database, rootChain, rigs, findings, undefined, (fullShardId, hash) =>
      minor.stateAfter(fullShardId, hash),
    );
    for (let height = 1; height <= tip; height++) {
      const at = rootChain.blockAt(height);
      await root.check(at);
      for (const [i, header] of at.block.minorHeaders.entries()) {
        const place = { fullShardId: header.branch, height: header.height, hash: at.minorHashes[i] };
        await minor.check({ ...place, root: { height, hash: at.hash } });
      }
    }
    const checkedBlocks = findings.shards().reduce((sum, shard) => sum + shard.minorBlocks, 0);
    const found = [...findings.divergences, ...findings.damage, ...findings.unsupported, ...findings.warnings];
    if (checkedBlocks === 0) found.push(`none of ${minorBlocks} minor blocks was checked`);
    return { checkedBlocks, found: found.map((finding) => JSON.stringify(finding)) };
  } finally {
    database.source.close();
  }
}
