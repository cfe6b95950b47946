import type { BlockSource } from "../../node/archive/block-source.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";
import {
  compareExecution,
  differingFields,
  type FieldDifference,
  type StoredSends,
} from "../../node/engine/compare-execution.ts";
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

/**
 * Names the fields in which an outcome is not what a block declares: none where it is all of it, "refused" for no outcome.
 * It is asked again and again about one block, whose lists are read once.
 */
export function declaredFields(
  source: BlockSource,
  rig: ShardRig,
  block: MinorBlock,
): (outcome: NewPayloadResult) => readonly string[] {
  const hash = minorHeaderHash(block.header);
  const read = new Map<number, readonly StoredSends[]>();
  const storedFor = (fullShardId: number): readonly StoredSends[] => {
    const known = read.get(fullShardId) ?? storedSends(source, hash, new Map([[fullShardId, []]]));
    read.set(fullShardId, known);
    return known;
  };
  return (outcome) => {
    if (outcome.status !== "EXECUTED") return ["refused"];
    const sends = rig.cl.sendsOf(block, outcome.computed.xshardSends);
    const stored = [...sends.keys()].flatMap(storedFor);
    return differingFields(block, outcome.computed, stored, (fullShardId) => sends.get(fullShardId) ?? []);
  };
}

/** Whether an outcome is all that a block declares. */
export function matchesDeclared(
  source: BlockSource,
  rig: ShardRig,
  block: MinorBlock,
): (outcome: NewPayloadResult) => boolean {
  const fields = declaredFields(source, rig, block);
  return (outcome) => fields(outcome).length === 0;
}
