import { fullShardIdOf } from "../../chain/config.ts";
import { queryRootStakes, STAKING_SHARD } from "../../cl/root-stakes.ts";
import { asAddress } from "../../codec/bytes.ts";
import { ExecutionLayer } from "../../el/execution-layer.ts";
import { UNANSWERED } from "./empty-answers.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import type { ReadView } from "./read-view.ts";

/**
 * What a miner of root blocks has at stake behind any block of the staking shard (pyquarkchain shard_state.py
 * get_root_chain_stakes). For a coinbase of another shard there is no answer, where pyquarkchain's slave ends itself.
 */
export async function rootChainStakes(
  view: ReadView,
  { address: { recipient, fullShardKey }, minorBlockHash }: RequestOf<"getRootChainStakes">,
): Promise<AnswerTo<"getRootChainStakes">> {
  const { config, chain, node } = view.shard;
  const isHere = chain.fullShardId === STAKING_SHARD && fullShardIdOf(config, fullShardKey) === STAKING_SHARD;
  if (!isHere || !chain.blocks.hasMinorBlock(minorBlockHash)) return UNANSWERED.getRootChainStakes;
  const layer = new ExecutionLayer(node.execution, node.store.nodes.layer());
  const { stakes, signer } = await queryRootStakes(
    config,
    ({ stateRoot, to, data, gas }) => layer.call(stateRoot, to, data, gas),
    view.stateRootAfter(minorBlockHash),
    recipient,
  );
  return { errorCode: 0, stakes, signer: asAddress(signer) };
}
