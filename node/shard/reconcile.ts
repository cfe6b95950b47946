import type { MinorBlock } from "../chain/minor-block.ts";
import { bytesEqual, type Hash32, toHex, ZERO_HASH } from "../codec/bytes.ts";
import { ConfigError, DatabaseDamagedError, QkcError } from "../codec/errors.ts";
import type { EngineCalls } from "../engine/client/engine-calls.ts";
import type { BlockJudge, PreparedBlock } from "./block-judge.ts";
import type { ChainBlocks } from "./chain-blocks.ts";
import type { Ledger } from "./ledger.ts";
import type { RootChains } from "./root-chains.ts";
import type { ClStore } from "./store/cl-store.ts";

export interface ReconcileParts {
  readonly calls: EngineCalls;
  readonly judge: BlockJudge;
  readonly ledger: Ledger;
  readonly blocks: ChainBlocks;
  readonly roots: RootChains;
  readonly store: ClStore;
  /** A block that the engine has lost, from wherever it can be had; undefined where it cannot. */
  readonly bodyOf: (hash: Hash32) => MinorBlock | undefined;
}

/**
 * Brings the engine to where the CL store stands. What the engine has beyond that is left aside and executed again; what
 * it lacks, because it is a fresh one or lost its last blocks, is fed to it again from the newest blocks that it holds.
 */
export async function reconcile(parts: ReconcileParts): Promise<void> {
  const { calls, ledger, store } = parts;
  const head = ledger.sealedHead;
  if (head === undefined) return;
  const state = ledger.forkchoice(head.ref.hash);
  if (await calls.hasTakenHead(state)) return;
  await restoreBaseState(parts, head.ref.hash);
  for (let unit = (await newestHeldUnit(parts)) + 1; unit < ledger.units; unit++) {
    for (const hash of store.arrivals(unit) ?? []) await feedAgain(parts, hash);
  }
  await calls.setHead(state);
}

/** The genesis block is no execution: only what the configuration makes of it is compared. */
export async function insertGenesis(
  calls: EngineCalls,
  { payload }: PreparedBlock,
  fullShardId: number,
): Promise<void> {
  const { computed, objection } = await calls.newPayload(payload);
  const { blockHash, block } = payload;
  const agrees =
    computed !== null &&
    bytesEqual(computed.blockHash, blockHash) &&
    bytesEqual(computed.metaHash, block.header.metaHash) &&
    bytesEqual(computed.stateRoot, block.meta.stateRoot);
  if (objection === undefined && agrees) return;
  throw new ConfigError(
    `the engine of shard ${fullShardId} does not take the genesis block ${toHex(blockHash)} with state ` +
      `${toHex(block.meta.stateRoot)}: it runs with another configuration`,
  );
}

/** A pruned base has blocks without their states: they are executed again from the nearest one whose state is there. */
export async function restoreBaseState(parts: ReconcileParts, head: Hash32): Promise<void> {
  const { calls, store, blocks } = parts;
  const stateless: Hash32[] = [];
  for (let at = head; store.baseBlock(at) !== undefined; ) {
    const state = { headBlockHash: at, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
    if (await calls.hasTakenHead(state)) break;
    stateless.push(at);
    const { height, prevMinorBlockHash } = blocks.ref(at);
    if (height === 0) break;
    at = prevMinorBlockHash;
  }
  for (const hash of stateless.reverse()) await feedAgain(parts, hash);
}

/** −1 where it holds none of the shard's blocks. */
async function newestHeldUnit({ calls, ledger, store }: ReconcileParts): Promise<number> {
  for (let unit = ledger.units - 1; unit >= 0; unit--) {
    const hashes = store.arrivals(unit) ?? [];
    if (hashes.length > 0 && (await calls.holds(hashes)).every(Boolean)) return unit;
  }
  return -1;
}

async function feedAgain(parts: ReconcileParts, hash: Hash32): Promise<void> {
  const { calls, judge, blocks, roots, store, bodyOf } = parts;
  const { height, prevRootBlockHash } = blocks.ref(hash);
  if (height === 0) {
    const genesis = judge.prepareGenesis(prevRootBlockHash, roots.header(prevRootBlockHash));
    return await insertGenesis(calls, genesis, store.fullShardId);
  }
  const block = bodyOf(hash);
  if (block === undefined) {
    throw new DatabaseDamagedError(
      `the engine of shard ${store.fullShardId} lost block ${height}, ${toHex(hash)}, which is nowhere else here: ` +
        "give the shard an empty data directory, or restore the engine's",
    );
  }
  const { rootTipHeight } = blocks.record(hash);
  const prepared = judge.prepare(hash, block, { now: undefined, rootTipHeight, stored: () => [] });
  if (judge.judge(prepared, await calls.newPayload(prepared.payload)).executed !== undefined) return;
  throw new QkcError(
    "ENGINE",
    `the engine of shard ${store.fullShardId} executes block ${height}, which was verified before, to something else now`,
  );
}
