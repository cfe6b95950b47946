import { type QuarkChainConfig, shardConfigOf } from "../../../node/chain/config.ts";
import type { Fraction } from "../../../node/chain/fraction.ts";
import { multiplyFloor, oneMinus } from "../../../node/chain/fraction.ts";
import { decayByEpoch } from "../../../node/chain/rewards.ts";
import type { ExecutionPayload } from "../../../node/el/payload.ts";
import type { Candidates, Evidence, Hypothesis } from "./hypothesis.ts";
import type { Variation } from "./variation.ts";

type Amount = (payload: ExecutionPayload) => bigint;

/** What the miner gets otherwise: reward, tax, fees. */
export const rewardVariants: Candidates = function* (evidence) {
  if (!evidence.differs("coinbaseAmounts") && !evidence.differs("stateRoot")) return;
  for (const [id, says, amount, cost] of rewards(evidence.config)) {
    yield reward(id, says, evidence.config.genesisTokenId, amount, cost);
  }
  for (const [id, says, rate] of RATES) {
    yield rewardHypothesis(id, says, () => ({
      config: (config) => ({ ...config, localFeeRate: rate(config.localFeeRate) }),
    }));
  }
  yield* declaredSurplus(evidence);
};

function* rewards(config: QuarkChainConfig): Generator<readonly [string, string, Amount, number?]> {
  const shardOf = ({ fullShardId }: ExecutionPayload) => shardConfigOf(config, fullShardId);
  const rate = oneMinus(config.rewardTaxRate);
  const at = (payload: ExecutionPayload, height: number) => {
    const shard = shardOf(payload);
    return decayByEpoch(config, shard.epochInterval, shard.coinbaseAmount, Math.max(0, height));
  };
  const paidAt = (other: (payload: ExecutionPayload) => number) => (payload: ExecutionPayload) =>
    multiplyFloor(at(payload, other(payload)), rate);
  yield ["no-decay", "the block reward did not shrink from epoch to epoch", paidAt(() => 0)];
  for (const by of [1, 2, 3, -1, -2, -3]) {
    const says = `${Math.abs(by)} block${Math.abs(by) > 1 ? "s" : ""} ${by > 0 ? "early" : "late"}`;
    const cost = 1.5 + Math.abs(by) / 10;
    yield [
      `epoch-early=${by}`,
      `an epoch of the block reward began ${says}`,
      paidAt(({ height }) => height + by),
      cost,
    ];
  }
  for (const by of [1, -1]) {
    const other = paidAt((payload) => payload.height + by * shardOf(payload).epochInterval);
    yield [`epoch=${by}`, `the block reward were decayed by one epoch ${by > 0 ? "more" : "less"}`, other];
  }
  const stepwise = (payload: ExecutionPayload) => {
    const { coinbaseAmount, epochInterval } = shardOf(payload);
    let value = coinbaseAmount;
    for (let epoch = Math.floor(payload.height / epochInterval); epoch > 0; epoch--) {
      value = multiplyFloor(value, config.blockRewardDecayFactor);
    }
    return multiplyFloor(value, rate);
  };
  yield ["decay-each-epoch", "the block reward were rounded down at each epoch", stepwise];
  yield ["reward-untaxed", "the block reward were not taxed", (payload) => at(payload, payload.height)];
  yield [
    "reward-rounds-up",
    "the block reward were rounded up",
    (payload) => -multiplyFloor(-at(payload, payload.height), rate),
  ];
  yield ["none", "there were no block reward", () => 0n];
  yield [
    "twice",
    "the block reward were paid twice",
    (payload) => 2n * multiplyFloor(at(payload, payload.height), rate),
  ];
}

const RATES: readonly (readonly [id: string, says: string, rate: (rate: Fraction) => Fraction])[] = [
  ["fee-untaxed", "the miner got the whole fee of a transaction", () => ({ numerator: 1n, denominator: 1n })],
  ["fee-none", "the miner got no fees", () => ({ numerator: 0n, denominator: 1n })],
  [
    "fee-tax-alone",
    "the miner got of fees what is taxed, and the tax took the rest",
    ({ numerator, denominator }) => ({ numerator: denominator - numerator, denominator }),
  ],
];

/** Whatever the block declares beyond what it comes to, paid with the reward: it says how much, not why. */
function* declaredSurplus({ trial: { block }, executed: { outcome } }: Evidence): Generator<Hypothesis> {
  if (outcome.status === "INVALID") return;
  const { coinbaseAmounts } = outcome.computed;
  for (const [tokenId, amount] of block.header.coinbaseAmounts) {
    const by = amount - (coinbaseAmounts.get(tokenId) ?? 0n);
    if (by === 0n) continue;
    const says = `the block reward were ${by > 0n ? `${by} more` : `${-by} less`}`;
    const amountOf = (payload: ExecutionPayload) => (payload.blockReward.get(tokenId) ?? 0n) + by;
    yield reward(`by=${by}`, says, tokenId, amountOf, 6);
  }
}

function reward(id: string, says: string, tokenId: bigint, amount: Amount, cost?: number): Hypothesis {
  return rewardHypothesis(
    id,
    says,
    () => ({ payload: (payload) => ({ ...payload, blockReward: new Map([[tokenId, amount(payload)]]) }) }),
    cost,
  );
}

function rewardHypothesis(id: string, says: string, vary: () => Variation, cost = 1.5): Hypothesis {
  return {
    id: `reward.${id}`,
    says,
    refutedBy: "a block whose miner gets another amount by this, and which matches what it declares",
    cost,
    vary,
  };
}
