import type { ShardSource } from "../../node/archive/block-source.ts";
import { bytesEqual, type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { ConfigError, QkcError } from "../../node/codec/errors.ts";
import type { EngineCalls } from "../../node/engine/client/engine-calls.ts";
import type { BlockFeed, PreparedBlock } from "./block-feed.ts";
import type { ShardLedger } from "./shard-ledger.ts";
import type { StepPlan } from "./steps.ts";

export interface ReconcileParts {
  readonly calls: EngineCalls;
  readonly feed: BlockFeed;
  readonly ledger: ShardLedger;
  /** The shard's old database. */
  readonly source: ShardSource;
  readonly genesisRootHeight: number;
}

/**
 * Brings the engine to where the CL store stands. What the engine has beyond that is left aside and executed again; what
 * it lacks, because it is a fresh one or lost its last blocks, is fed to it again from the newest block that it holds.
 */
export async function reconcile(plan: StepPlan, parts: ReconcileParts): Promise<void> {
  const { calls, ledger } = parts;
  const { step, tips } = ledger.committed;
  if (tips === null) return;
  const head = ledger.forkchoice(hashFromHex(tips.head));
  if (await calls.hasTakenHead(head)) return;
  for (let index = (await newestHeldStep(plan, parts, step)) + 1; index <= step; index++) {
    for (const prepared of preparedAgain(plan, parts, index)) await feedAgain(parts, prepared);
  }
  await calls.setHead(head);
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

/** −1 where it holds none of the shard's blocks. */
async function newestHeldStep(plan: StepPlan, parts: ReconcileParts, from: number): Promise<number> {
  for (let index = from; index >= 0; index--) {
    const hashes = hashesOf(plan, parts, index);
    if (hashes.length > 0 && (await parts.calls.holds(hashes)).every(Boolean)) return index;
  }
  return -1;
}

/** Blocks that a step has given the engine, its genesis block among them. */
function hashesOf(plan: StepPlan, parts: ReconcileParts, index: number): readonly Hash32[] {
  const genesis = genesisOf(plan, parts, index);
  const executed = plan.step(index).blocksOf(parts.source.fullShardId);
  return genesis === undefined ? executed : [...executed, genesis.payload.blockHash];
}

function* preparedAgain(plan: StepPlan, parts: ReconcileParts, index: number): Generator<PreparedBlock> {
  for (const hash of plan.step(index).blocksOf(parts.source.fullShardId)) {
    const read = parts.feed.read(hash);
    // Confirmed here, but inserted where the shard came to life.
    if (read.block.header.height > 0) yield parts.feed.prepare(read);
  }
  const genesis = genesisOf(plan, parts, index);
  if (genesis !== undefined) yield genesis;
}

function genesisOf(plan: StepPlan, parts: ReconcileParts, index: number): PreparedBlock | undefined {
  const { rootHash, rootHeight } = plan.step(index);
  if (rootHash === null || rootHeight !== parts.genesisRootHeight) return undefined;
  return parts.feed.prepareGenesis(rootHash, parts.source.rootHeader(rootHash));
}

async function feedAgain({ calls, feed, source }: ReconcileParts, prepared: PreparedBlock): Promise<void> {
  const { height } = prepared.payload.block.header;
  if (height === 0) return await insertGenesis(calls, prepared, source.fullShardId);
  const { executed } = feed.judge(prepared, await calls.newPayload(prepared.payload));
  if (executed === undefined) {
    throw new QkcError(
      "ENGINE",
      `the engine of shard ${source.fullShardId} executes block ${height}, which was verified before, to something else now`,
    );
  }
}
