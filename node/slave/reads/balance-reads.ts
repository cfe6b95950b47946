import { bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import { type BalancePage, totalBalancePage } from "../../execution-node/reads/total-balance.ts";
import { UNANSWERED } from "./empty-answers.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import type { ReadView } from "./read-view.ts";

/**
 * A page of what all accounts hold of a token behind the head or a block below it (pyquarkchain shard_state.py
 * get_total_balance). With `countsDeposits` (PROMETHEUS.MONITOR_XSHARD_DEPOSIT) the first page also has what is on its way
 * here: deposits that the block did not consume, up to the root block that is named.
 */
export async function totalBalance(
  view: ReadView,
  { start, tokenId, limit, minorBlockHash, rootBlockHash }: RequestOf<"getTotalBalance">,
  countsDeposits: boolean,
  signal: AbortSignal,
): Promise<AnswerTo<"getTotalBalance">> {
  if (!hasBalances(view, minorBlockHash)) return UNANSWERED.getTotalBalance;
  const isHead = bytesEqual(minorBlockHash, view.snapshot.head.hash);
  const due = countsDeposits && !isHead && start === undefined ? rootBlockHash : undefined;
  const onTheirWay = due === undefined ? 0n : depositsOnTheirWay(view, tokenId, minorBlockHash, due);
  const nodes = view.shard.node.store.nodes.layer();
  const page: BalancePage = await totalBalancePage(
    nodes,
    view.stateRootAfter(minorBlockHash),
    { tokenId, limit, start },
    signal,
  );
  return { errorCode: 0, totalBalance: page.total + onTheirWay, next: page.next };
}

/** Behind the head, or where a canonical block follows. */
function hasBalances(view: ReadView, hash: Hash32): boolean {
  if (bytesEqual(hash, view.snapshot.head.hash)) return true;
  if (!view.shard.chain.blocks.hasMinorBlock(hash)) return false;
  return view.isCanonical(hash, view.known(hash).header.height);
}

function depositsOnTheirWay({ shard: { chain } }: ReadView, tokenId: bigint, from: Hash32, rootHash: Hash32): bigint {
  let total = 0n;
  if (!chain.knowsRoot(rootHash)) return total;
  for (const { deposit } of chain.clFor(rootHash).dueAfter(from, rootHash)) {
    if (deposit.transferTokenId === tokenId) total += deposit.value;
  }
  return total;
}
