import { RootChain } from "../../node/cl/root-chain.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError, UnsupportedError } from "../../node/codec/errors.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import { confirmingRoot } from "../database/confirming-root.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { canonicalHash } from "../database/shard-heights.ts";
import { Findings } from "../execution/findings.ts";
import { MinorCheck } from "../execution/minor-check.ts";
import { ShardRigs } from "../execution/shard-rig.ts";
import type { FoundDivergence } from "../report/schema.ts";
import { findCauses } from "../triage/divergence-causes.ts";

const CACHE_BYTES = 64 * 1024 * 1024;

export interface SearchRequest {
  readonly fullShardId: number;
  /** Heights: the first diverging block is looked for above `good`, up to `bad`. */
  readonly good: number;
  readonly bad: number;
  readonly rules: Rules;
  /** Told before each block. */
  readonly onBlock: (height: number) => void;
}

export interface SearchAnswer {
  /** Undefined where no block of the range diverges. */
  readonly divergence: FoundDivergence | undefined;
  /** Blocks that were executed. */
  readonly executed: number;
  readonly warnings: readonly string[];
}

/**
 * The lowest block of a shard's canonical chain that does not match what it declares. Each block is executed on the
 * state that its parent declares, so that one block's divergence says nothing of another's: there is nothing to bisect,
 * and the blocks are executed in order. Throws DatabaseDamagedError or UnsupportedError for a block that cannot be
 * executed before one that diverges.
 */
export async function firstDivergence(database: OpenDatabase, request: SearchRequest): Promise<SearchAnswer> {
  const { fullShardId, good, bad, rules, onBlock } = request;
  const rootChain = new RootChain(database.source.rootBlocks(), database.rootTip);
  const rigs = new ShardRigs(database, rootChain, {
    cacheBytes: CACHE_BYTES,
    checkArchive: false,
    rootTipHeight: rootChain.tipHeight,
    rules,
  });
  const findings = new Findings();
  const check = new MinorCheck(database, rigs, findings, { findCauses });
  const { source } = rigs.of(fullShardId);
  let previous = canonicalHash(source, good);
  for (let height = good + 1; height <= bad; height++) {
    onBlock(height);
    const hash = canonicalHash(source, height);
    assertFollows(source.minorBlock(hash).header, previous, fullShardId);
    await check.check({ fullShardId, height, hash, root: null });
    const [divergence] = findings.divergences;
    const warnings = [...findings.warnings];
    if (divergence !== undefined) {
      const place = confirmingRoot(rootChain, source.minorBlock(hash), hash);
      return { divergence: { ...divergence, ...place }, executed: height - good, warnings };
    }
    assertChecked(findings, height);
    previous = hash;
  }
  return { divergence: undefined, executed: bad - good, warnings: [...findings.warnings] };
}

/** The height index is a hint: that a block is the next one its own link says. */
function assertFollows(
  header: { readonly height: number; readonly prevMinorBlockHash: Hash32 },
  previous: Hash32,
  fullShardId: number,
): void {
  if (bytesEqual(header.prevMinorBlockHash, previous)) return;
  throw new DatabaseDamagedError(
    `the height index of shard ${fullShardId} names a block at ${header.height} that does not follow the one below it, ` +
      toHex(previous),
  );
}

function assertChecked({ damage, unsupported }: Findings, height: number): void {
  const [damaged] = damage;
  if (damaged !== undefined) {
    const { file, offset, key } = damaged;
    throw new DatabaseDamagedError(`block ${height} cannot be checked: ${damaged.message}`, {
      file: file ?? undefined,
      offset: offset ?? undefined,
      key: key ?? undefined,
    });
  }
  const [unknown] = unsupported;
  if (unknown !== undefined) throw new UnsupportedError(`block ${height} cannot be checked: ${unknown.message}`);
}
