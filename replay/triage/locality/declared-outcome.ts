import type { BlockSource } from "../../../node/archive/block-source.ts";
import type { CrossShardDeposit } from "../../../node/chain/deposit.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import { clientRows, isClientDatabase } from "../../database/client-rows.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { ConsensusSide } from "../reference.ts";
import { NO_OUTCOME, type Outcome } from "./locality.ts";
import { unlessDamaged } from "./unless-damaged.ts";

/** What a block declares, as far as its database holds what the roots stand for. */
export function declaredOutcome(source: BlockSource, cl: ConsensusSide, trial: BlockTrial): Outcome {
  const { fullShardId, hash, block } = trial;
  const sends = new Map<number, readonly CrossShardDeposit[]>();
  for (const shard of cl.sendsOf(block, []).keys()) {
    if (!source.fullShardIds.includes(shard)) continue;
    const list = unlessDamaged(() => source.shard(shard).depositList(hash));
    if (list !== undefined) sends.set(shard, list.deposits);
  }
  return {
    stateRoot: trial.hasDeclaredState ? block.meta.stateRoot : undefined,
    receipts: isClientDatabase(source)
      ? unlessDamaged(() => clientRows(source).receipts(fullShardId, { hash, block }))
      : undefined,
    receiptRoot: block.meta.receiptRoot,
    sends,
  };
}

/** What an execution came to. */
export function outcomeOf(result: NewPayloadResult, cl: ConsensusSide, { block }: BlockTrial): Outcome {
  if (result.status === "INVALID") return NO_OUTCOME;
  const { stateRoot, receipts, receiptRoot, xshardSends } = result.computed;
  return { stateRoot, receipts, receiptRoot, sends: cl.sendsOf(block, xshardSends) };
}
