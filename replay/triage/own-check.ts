import { RootChain } from "../../node/cl/root-chain.ts";
import { hashFromHex } from "../../node/codec/bytes.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { Findings } from "../execution/findings.ts";
import { MinorCheck } from "../execution/minor-check.ts";
import { ShardRigs } from "../execution/shard-rig.ts";
import type { FoundDivergence } from "../report/schema.ts";
import { findCauses } from "./divergence-causes.ts";

const CACHE_BYTES = 64 * 1024 * 1024;

/** A diverging block of a shard. */
export type MinorDivergence = FoundDivergence & { readonly fullShardId: number };

type DivergencePlace = Pick<MinorDivergence, "fullShardId" | "height" | "hash" | "rootHeight" | "rootHash">;

/** What our own execution on the old database's states says of a block. */
export type OwnVerdict =
  /** It differs from what the block declares too; with the class that a check gives it. */
  | { readonly kind: "differs"; readonly divergence: FoundDivergence }
  /** It matches what the block declares. */
  | { readonly kind: "agrees" }
  /** It could not be executed there. */
  | { readonly kind: "unknown"; readonly reason: string };

/** Checks single blocks of the old database as `qkc checkdb` does, whatever an engine has made of them. */
export class OwnCheck {
  readonly #findings = new Findings();
  readonly #check: MinorCheck;

  constructor(database: OpenDatabase) {
    const rootChain = new RootChain(database.source.rootBlocks(), database.rootTip);
    const options = { cacheBytes: CACHE_BYTES, checkArchive: false, rootTipHeight: rootChain.tipHeight };
    this.#check = new MinorCheck(database, new ShardRigs(database, rootChain, options), this.#findings, { findCauses });
  }

  /** What the checks had to tell, such as states that are pruned and were computed anew. */
  get warnings(): readonly string[] {
    return [...this.#findings.warnings];
  }

  /** Blocks are to come in the order of the chain: a class may depend on those before. */
  async verdictOn({ fullShardId, height, hash, rootHeight, rootHash }: DivergencePlace): Promise<OwnVerdict> {
    const { divergences, damage, unsupported } = this.#findings;
    const before = { divergences: divergences.length, checked: this.#checked, faults: damage.length };
    const root = rootHeight === null || rootHash === null ? null : { height: rootHeight, hash: hashFromHex(rootHash) };
    await this.#check.check({ fullShardId, height, hash: hashFromHex(hash), root });
    if (divergences.length > before.divergences) {
      return { kind: "differs", divergence: divergences[before.divergences] };
    }
    if (this.#checked > before.checked) return { kind: "agrees" };
    const reason = damage.at(before.faults) ?? unsupported.at(-1);
    return { kind: "unknown", reason: reason?.message ?? "it could not be executed" };
  }

  get #checked(): number {
    return this.#findings.shards().reduce((sum, { minorBlocks }) => sum + minorBlocks, 0);
  }
}
