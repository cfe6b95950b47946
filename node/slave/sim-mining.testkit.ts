import type { QuarkChainConfig } from "../chain/config.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { signTransaction } from "../chain/sign-transaction.ts";
import { addressOfKey } from "../chain/signing.testkit.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import { asAddress, EMPTY_BYTES } from "../codec/bytes.ts";
import { WorldState } from "../el/state/world-state.ts";
import { EngineError } from "../engine/engine-error.ts";
import { TemplateMaker } from "../miner/template-maker.ts";
import { labConfig } from "../shard/shard-lab.testkit.ts";
import type { OpenShard } from "./open-shard.ts";
import { SHARDS, TOKENS } from "./sim-history.testkit.ts";

const SENDERS = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
const FORTUNE = 10n ** 24n;
const MOST_TRANSACTIONS = 4;

/** A lab in which some have money in every shard, in both tokens, and may spend it from the start. */
export function executingConfig(bornAt: number): QuarkChainConfig {
  const config = labConfig(bornAt);
  const shards = [...config.shards].map(([id, shard]) => {
    const accounts = SENDERS.map((key) => ({
      ...{ address: addressOfKey(key), fullShardKey: id, code: undefined, storage: [] },
      balances: TOKENS.map((token) => [token, FORTUNE] as const),
    }));
    return [id, { ...shard, genesis: { ...shard.genesis, accounts } }] as const;
  });
  return { ...config, enableTxTimestamp: null, enableEvmTimestamp: null, shards: new Map(shards) };
}

/** Transfers into a shard's pool, and a block of them on its head. They cost nothing, so that money is easily counted. */
export async function mineBlock(shard: OpenShard, random: () => number): Promise<MinorBlock> {
  const { chain, config, node, pool } = shard;
  for (let more = Math.floor(random() * MOST_TRANSACTIONS); more > 0; more--) {
    try {
      pool.add(transferFrom(shard, random));
    } catch (error) {
      // A shard that is not born yet can be sent nothing, and what was made twice is known.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  const templates = new TemplateMaker({
    ...{ config, chain, engine: node, pool },
    ...{ minGasPrice: 0n, clusterId: "sim", clock: () => 0 },
  });
  const recipient = asAddress(new Uint8Array(20).fill(0x60 + Math.floor(random() * 4)));
  return await templates.make({ recipient, fullShardKey: chain.fullShardId });
}

function transferFrom({ chain, config, node, snapshot, pool }: OpenShard, random: () => number): TypedTransaction {
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)];
  const key = pick(SENDERS);
  const state = new WorldState(node.store.nodes.layer(), snapshot().tipState.stateRoot);
  const nonce = state.getNonce(addressOfKey(key)) + BigInt(Math.min(pool.size, Math.floor(random() * 2)));
  const unsigned = {
    ...{ nonce, gasPrice: 0n, startGas: 50_000n, data: EMPTY_BYTES, version: 0n },
    to: asAddress(new Uint8Array(20).fill(0x80 + Math.floor(random() * 16))),
    value: BigInt(1 + Math.floor(random() * 1000)),
    networkId: BigInt(config.networkId),
    fromFullShardKey: chain.fullShardId,
    toFullShardKey: pick(SHARDS),
    gasTokenId: config.genesisTokenId,
    transferTokenId: pick(TOKENS),
  };
  return signTransaction(unsigned, key);
}
