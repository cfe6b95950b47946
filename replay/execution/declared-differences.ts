import type { BlockSource } from "../../node/archive/block-source.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";
import { compareExecution, type FieldDifference } from "../../node/engine/compare-execution.ts";
import type { ShardRig } from "./shard-rig.ts";
import { storedSends } from "./stored-sends.ts";

/**
 * Where an execution does not match what the block declares, and to what other shards have stored of what it sent
 * them, as far as they are there.
 */
export function declaredDifferences(
  source: BlockSource,
  rig: ShardRig,
  block: MinorBlock,
  computed: ExecutionResult,
): FieldDifference[] {
  const hash = minorHeaderHash(block.header);
  const sends = rig.cl.sendsOf(block, computed.xshardSends);
  const stored = storedSends(source, hash, sends);
  return compareExecution(block, computed, stored, (fullShardId) => sends.get(fullShardId) ?? []);
}

/** Whether an outcome is all that a block declares. */
export function matchesDeclared(
  source: BlockSource,
  rig: ShardRig,
  block: MinorBlock,
): (outcome: NewPayloadResult) => boolean {
  return (outcome) =>
    outcome.status === "EXECUTED" && declaredDifferences(source, rig, block, outcome.computed).length === 0;
}
