import { type QuarkChainConfig, shardConfigOf } from "../../../node/chain/config.ts";
import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { CoinbaseDifference, CoinbasePart } from "../../report/triage-schema.ts";
import { tokenName } from "../../text/token-names.ts";
import type { UnitRecords } from "../units/record-units.ts";
import { unitOf } from "./locality.ts";

/** Fees that are told one by one; those behind them are one part. */
const MOST_FEES = 100;

type CoinbaseTrial = Pick<BlockTrial, "block" | "fullShardId" | "height">;

export interface CoinbaseRequest {
  readonly config: QuarkChainConfig;
  readonly trial: CoinbaseTrial;
  /** The tested execution. */
  readonly records: UnitRecords;
  /** One that comes to what the block declares: it tells what each part is declared to be. */
  readonly reference: UnitRecords | undefined;
}

/** What the block's miner gets otherwise than the header declares, token by token, part by part. */
export function coinbaseDifferences({ config, trial, records, reference }: CoinbaseRequest): CoinbaseDifference[] {
  const declared = trial.block.header.coinbaseAmounts;
  const computed = coinbaseOf(records);
  if (computed === undefined) return [];
  const tokens = [...new Set([...declared.keys(), ...computed.keys()])];
  return tokens
    .filter((token) => (declared.get(token) ?? 0n) !== (computed.get(token) ?? 0n))
    .map((token) => {
      const [theirs, ours] = [declared.get(token) ?? 0n, computed.get(token) ?? 0n];
      const all = sharesOf(token, records);
      // Rules that explain another field alone tell nothing of these sums.
      const isTold = reference !== undefined && (coinbaseOf(reference)?.get(token) ?? 0n) === theirs;
      const parts = joined(all, isTold ? sharesOf(token, reference) : undefined).map(
        ({ share, amount, declaredAmount }): CoinbasePart => ({
          what: shareText(config, trial, share),
          unit: typeof share === "number" ? null : unitOf(share),
          declared: declaredAmount === undefined ? null : `${declaredAmount}`,
          amount: `${amount}`,
        }),
      );
      return { token: tokenName(token), declared: `${theirs}`, computed: `${ours}`, parts };
    });
}

function coinbaseOf({ result }: UnitRecords): ReadonlyMap<bigint, bigint> | undefined {
  return result.status === "INVALID" ? undefined : result.computed.coinbaseAmounts;
}

/** The reward first, then what each unit pays that pays anything. */
function sharesOf(token: bigint, records: UnitRecords): Map<string, { readonly unit: ExecutionUnit; amount: bigint }> {
  const shares = new Map<string, { readonly unit: ExecutionUnit; amount: bigint }>();
  const reward: ExecutionUnit = { kind: "reward", index: 0, hash: undefined };
  const total = coinbaseOf(records)?.get(token) ?? 0n;
  const first = { unit: reward, amount: total };
  shares.set(keyOf(reward), first);
  for (const { unit, outcome } of records.units) {
    const fee = outcome?.minerFees.get(token) ?? 0n;
    if (fee === 0n || unit.kind === "reward") continue;
    shares.set(keyOf(unit), { unit, amount: fee });
    first.amount -= fee;
  }
  return shares;
}

interface JoinedShare {
  /** A number: how many fees it sums up. */
  readonly share: ExecutionUnit | number;
  readonly amount: bigint;
  readonly declaredAmount: bigint | undefined;
}

/** Shares of both sides by unit, those beyond the first ones added up. */
function joined(
  ours: ReturnType<typeof sharesOf>,
  theirs: ReturnType<typeof sharesOf> | undefined,
): readonly JoinedShare[] {
  const all = [...new Map([...ours, ...(theirs ?? [])])].map(([key, { unit }]) => ({
    share: unit,
    amount: ours.get(key)?.amount ?? 0n,
    declaredAmount: theirs && (theirs.get(key)?.amount ?? 0n),
  }));
  const told = all.filter(({ amount, declaredAmount }) => amount !== 0n || (declaredAmount ?? 0n) !== 0n);
  // Those that differ are told before those that do not.
  const differing = told.filter(
    ({ amount, declaredAmount }) => declaredAmount !== undefined && declaredAmount !== amount,
  );
  const chosen = new Set([...told.slice(0, MOST_FEES + 1), ...differing.slice(0, MOST_FEES)]);
  const rest = told.filter((one) => !chosen.has(one));
  const first = told.filter((one) => chosen.has(one));
  if (rest.length === 0) return first;
  const sum = (pick: (one: JoinedShare) => bigint) => rest.reduce((total, one) => total + pick(one), 0n);
  const declaredAmount = theirs && sum((one) => one.declaredAmount ?? 0n);
  return [...first, { share: rest.length, amount: sum(({ amount }) => amount), declaredAmount }];
}

function keyOf({ kind, index }: ExecutionUnit): string {
  return `${kind} ${index}`;
}

function shareText(config: QuarkChainConfig, trial: CoinbaseTrial, share: ExecutionUnit | number): string {
  const { numerator, denominator } = config.rewardTaxRate;
  const tax = `less a tax of ${numerator}/${denominator}`;
  if (typeof share === "number") return `fees of ${share} more, ${tax}`;
  if (share.kind === "reward") return `${rewardText(config, trial)}, ${tax}`;
  return `fee of ${share.kind} ${share.index}, ${tax}`;
}

/** The formula of shard_state.py get_coinbase_amount_map, with its numbers. */
function rewardText(config: QuarkChainConfig, { fullShardId, height }: CoinbaseTrial): string {
  const { coinbaseAmount, epochInterval } = shardConfigOf(config, fullShardId);
  const epoch = Math.floor(height / epochInterval);
  const { blockRewardDecayFactor: decay } = config;
  const decayed = epoch === 0 ? "" : ` × (${decay.numerator}/${decay.denominator})^${epoch}`;
  return `reward of epoch ${epoch}: ${coinbaseAmount}${decayed}`;
}
