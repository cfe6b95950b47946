import { shardConfigOf } from "../../../node/chain/config.ts";
import { stakePerBlock } from "../../../node/cl/posw.ts";
import { bytesKey } from "../../../node/codec/bytes.ts";
import type { ExecutionPayload } from "../../../node/el/payload.ts";
import type { Candidates, Evidence, Hypothesis } from "./hypothesis.ts";
import type { Vary } from "./variation.ts";

type Locked = ReadonlyMap<string, bigint>;

/** Whose stakes are locked otherwise, and for how long. */
export const stakingVariants: Candidates = function* (evidence) {
  yield staking("no-lock", "stakes were not locked", () => new Map());
  for (const by of [1, -1, 2, -2]) {
    const says = `the lock looked ${Math.abs(by)} block${Math.abs(by) > 1 ? "s" : ""} ${by > 0 ? "further" : "less far"} back`;
    yield staking(`window=${by > 0 ? "+" : ""}${by}`, says, (payload) => lockedBy(evidence, payload, { by, own: 1n }));
  }
  yield staking("own-not-counted", "the lock did not count the block itself", (payload) =>
    lockedBy(evidence, payload, { by: 0, own: 0n }),
  );
  yield staking("decayed", "the locked stake decayed with the block reward", (payload) =>
    lockedBy(evidence, payload, { by: 0, own: 1n, isDecayed: true }),
  );
  yield staking("half", "half of the stake per block were locked", (payload) =>
    scaled(payload.senderDisallowMap, 1n, 2n),
  );
  yield staking("twice", "twice the stake per block were locked", (payload) =>
    scaled(payload.senderDisallowMap, 2n, 1n),
  );
};

interface Window {
  /** Blocks more than the rules look at. */
  readonly by: number;
  /** Blocks that the block's own miner counts for. */
  readonly own: bigint;
  readonly isDecayed?: boolean;
}

function lockedBy({ config, cl, trial }: Evidence, payload: ExecutionPayload, { by, own, isDecayed }: Window): Locked {
  // A map that is empty says that nothing is locked at that time.
  if (payload.senderDisallowMap.size === 0) return payload.senderDisallowMap;
  const shard = shardConfigOf(config, payload.fullShardId);
  const { header } = trial.block;
  const isThis = payload.height === header.height && payload.fullShardId === header.branch;
  const perBlock = isDecayed ? stakePerBlock(config, shard, header) : shard.posw.totalStakePerBlock;
  const counts = new Map<string, bigint>();
  let hash = isThis ? header.prevMinorBlockHash : payload.ancestorHash(1);
  for (let left = shard.posw.windowSize - 1 + by; left > 0 && hash !== undefined; left--) {
    const { header: earlier } = cl.chain.get(hash);
    const miner = bytesKey(earlier.coinbaseAddress.recipient);
    counts.set(miner, (counts.get(miner) ?? 0n) + 1n);
    hash = earlier.height === 0 ? undefined : earlier.prevMinorBlockHash;
  }
  const miner = bytesKey(payload.coinbase);
  counts.set(miner, (counts.get(miner) ?? 0n) + own);
  return new Map([...counts].map(([key, count]) => [key, count * perBlock]));
}

function scaled(locked: Locked, numerator: bigint, denominator: bigint): Locked {
  return new Map([...locked].map(([key, amount]) => [key, (amount * numerator) / denominator]));
}

function staking(id: string, says: string, locked: (payload: ExecutionPayload) => Locked): Hypothesis {
  const vary: Vary = (given) => ({
    payload: (payload) => ({ ...payload, senderDisallowMap: locked(given) }),
  });
  return {
    id: `staking.${id}`,
    says,
    refutedBy: "a block in which a message of a miner ends otherwise by this, and which matches what it declares",
    cost: 1.5,
    vary,
  };
}
