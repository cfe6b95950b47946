import { type QuarkChainConfig, shardConfigOf } from "../../../node/chain/config.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { CoinbaseDifference } from "../../report/triage-schema.ts";
import { tokenName } from "../../text/token-names.ts";

/** What the block's miner gets otherwise than the header declares, token by token, as the sum that execution makes of it. */
export function coinbaseDifferences(
  config: QuarkChainConfig,
  trial: Pick<BlockTrial, "block" | "payload" | "fullShardId" | "height">,
  result: NewPayloadResult,
): CoinbaseDifference[] {
  if (result.status === "INVALID") return [];
  const declared = trial.block.header.coinbaseAmounts;
  const computed = result.computed.coinbaseAmounts;
  const tokens = [...new Set([...declared.keys(), ...computed.keys()])];
  return tokens
    .filter((token) => (declared.get(token) ?? 0n) !== (computed.get(token) ?? 0n))
    .map((token) => {
      const [theirs, ours] = [declared.get(token) ?? 0n, computed.get(token) ?? 0n];
      const reward = trial.payload.blockReward.get(token) ?? 0n;
      const fees = { what: feesText(config, trial), amount: `${ours - reward}` };
      const parts = reward === 0n ? [fees] : [{ what: rewardText(config, trial), amount: `${reward}` }, fees];
      return { token: tokenName(token), declared: `${theirs}`, computed: `${ours}`, parts };
    });
}

/** The formula of shard_state.py get_coinbase_amount_map, with its numbers. */
function rewardText(
  config: QuarkChainConfig,
  { fullShardId, height }: Pick<BlockTrial, "fullShardId" | "height">,
): string {
  const { coinbaseAmount, epochInterval } = shardConfigOf(config, fullShardId);
  const epoch = Math.floor(height / epochInterval);
  const { blockRewardDecayFactor: decay, rewardTaxRate: tax } = config;
  const decayed = epoch === 0 ? "" : ` × (${decay.numerator}/${decay.denominator})^${epoch}`;
  return `reward of epoch ${epoch}: ${coinbaseAmount}${decayed}, less a tax of ${tax.numerator}/${tax.denominator}`;
}

function feesText(
  { rewardTaxRate: tax }: QuarkChainConfig,
  { block: { transactions }, payload }: Pick<BlockTrial, "block" | "payload">,
): string {
  const deposits = [...payload.deposits].length;
  const count = (n: number, one: string) => `${n} ${one}${n === 1 ? "" : "s"}`;
  const payers = `${count(transactions.length, "transaction")} and ${count(deposits, "deposit")}`;
  return `fees of ${payers}, each less a tax of ${tax.numerator}/${tax.denominator}`;
}
