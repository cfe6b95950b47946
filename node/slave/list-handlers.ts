import { encodeDepositList } from "../chain/deposit.ts";
import { Handlers } from "../net/handlers.ts";
import { LinkError } from "../net/link-error.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import type { Value } from "../wire/codec.ts";

type DepositList = Value<typeof CLUSTER_RPC.addXshardTxList.request>;

/** What a shard that is not created answers, as pyquarkchain does (slave.py handle_add_xshard_tx_list_request): ENOENT. */
export const SHARD_ABSENT = 2;
/** A list that cannot be stored; pyquarkchain has no code for it, any but 0 will do. */
const REFUSED = 1;

/** Lists that other shards send to one: stored before they are acknowledged (O5). `received` hears of each. */
export function listHandlers(
  chain: ShardChain,
  received: (deposits: DepositList["deposits"]) => void = () => {},
): Handlers<undefined> {
  const failed = () => ({ errorCode: REFUSED });
  const take = async (lists: readonly DepositList[]) => {
    const answer = await store(chain, lists);
    for (const { deposits } of lists) received(deposits);
    return answer;
  };
  return new Handlers<undefined>()
    .answer(CLUSTER_RPC.addXshardTxList, (list) => take([list]), failed)
    .answer(CLUSTER_RPC.batchAddXshardTxList, ({ lists }) => take(lists), failed);
}

async function store(chain: ShardChain, lists: readonly DepositList[]) {
  for (const { branch } of lists) {
    if (branch !== chain.fullShardId)
      throw new LinkError("protocol", `a list for shard ${branch} in a batch for another`);
  }
  await chain.receive(
    lists.map(({ minorBlockHash, deposits }) => ({
      sourceMinorHash: minorBlockHash,
      encoded: encodeDepositList(deposits),
    })),
  );
  return { errorCode: 0 };
}
