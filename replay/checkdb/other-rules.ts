import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { QkcError } from "../../node/codec/errors.ts";
import { compareExecution } from "./comparator.ts";
import type { CheckedBlock } from "./findings.ts";
import type { ShardRig } from "./shard-rig.ts";

/**
 * A sentence for a block that differs under the rules it is judged by, where the other client's rules come to exactly
 * what it declares; else undefined. What it sent to other shards is not looked at again.
 */
export async function otherRulesExplain(
  place: CheckedBlock,
  rig: ShardRig,
  block: MinorBlock,
  parentRoot: Hash32,
): Promise<string | undefined> {
  const { name, engine } = rig.otherRules();
  try {
    const outcome = await engine.newPayload(rig.cl.payloadOf(block, parentRoot));
    if (outcome.status === "INVALID") return undefined;
    if (compareExecution(block, outcome.computed, [], () => []).length > 0) return undefined;
  } catch (error) {
    // The verdict stands without an explanation: the block is judged by the first rules alone.
    if (error instanceof QkcError && error.code !== "INTERNAL") return undefined;
    throw error;
  }
  return (
    `shard ${place.fullShardId} block ${place.height} (${toHex(place.hash)}) differs, ` +
    `but the rules of ${name} come to exactly what it declares`
  );
}
