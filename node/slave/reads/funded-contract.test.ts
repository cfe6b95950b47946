import { afterEach, expect, test } from "vitest";
import { readFixtureConfig } from "../../chain/expected-configs.testkit.ts";
import { signTransaction, type UnsignedTransaction } from "../../chain/sign-transaction.ts";
import { addressOfKey } from "../../chain/signing.testkit.ts";
import { bigIntToBytes, EMPTY_BYTES } from "../../codec/bytes.ts";
import { EMPTY_QKC_ADDRESS } from "../../codec/wire.ts";
import { contractAddress } from "../../el/evm/contract-address.ts";
import { readAccount } from "../../el/state/read-account.ts";
import { LiveShard } from "../live-shard.testkit.ts";
import { ShardReads } from "./shard-reads.ts";

const SHARD = 2;
/** Another key of the same shard. */
const OTHER_KEY = 4;
const START = 1_700_000_000;
const GWEI = 10n ** 9n;
const [FUNDER, CREATOR] = [bigIntToBytes(1n, 32), bigIntToBytes(2n, 32)];

let shard: LiveShard | undefined;

afterEach(async () => {
  await shard?.close();
});

/** pyquarkchain's slave ends itself here (cluster/shard_state.py get_transaction_receipt compares the two keys). */
test("the receipt of a contract that was funded under another key before it was made has its own key", async () => {
  const cluster = clusterWith([FUNDER, CREATOR]);
  const { quarkchain: config } = cluster;
  shard = await LiveShard.open({ cluster, fullShardId: SHARD, clock: () => START * 1000 });
  const { genesisTokenId, networkId } = config;
  const signed = (key: Uint8Array, change: Partial<UnsignedTransaction>) =>
    signTransaction(
      {
        ...{
          nonce: 0n,
          gasPrice: GWEI,
          startGas: 200_000n,
          to: undefined,
          value: 0n,
          data: EMPTY_BYTES,
          version: 0n,
        },
        ...{ networkId: BigInt(networkId), fromFullShardKey: SHARD, toFullShardKey: SHARD },
        ...{ gasTokenId: genesisTokenId, transferTokenId: genesisTokenId },
        ...change,
      },
      key,
    );
  const contract = contractAddress(addressOfKey(CREATOR), 0n, SHARD);
  const funding = signed(FUNDER, { to: contract, value: 1n, toFullShardKey: OTHER_KEY });
  const creation = signed(CREATOR, { data: Uint8Array.of(0) });
  for (const transaction of [funding, creation]) {
    shard.pool.add(transaction);
    expect(await shard.add(await shard.templates.make(EMPTY_QKC_ADDRESS))).toMatchObject({ status: "added" });
  }
  const reads = new ShardReads({
    ...{ view: { config, chain: shard.chain, node: shard.node }, pool: shard.pool },
    ...{ keepsHistory: false, monitorsDeposits: false, leastGasPrice: 1n, clock: () => START },
  });
  const { receipt } = reads.transactionReceipt({ hash: creation.hash, branch: SHARD });
  expect(receipt.success).toEqual(Uint8Array.of(1));
  expect(receipt.contractAddress).toEqual({ recipient: contract, fullShardKey: SHARD });
  const { stateRoot } = shard.snapshot.tipState;
  expect(readAccount(shard.node.store.nodes.layer(), stateRoot, contract)?.fullShardKey).toBe(OTHER_KEY);
});

function clusterWith(keys: readonly Uint8Array[]) {
  const cluster = readFixtureConfig("defaults.json");
  const { quarkchain } = cluster;
  const genesisShard = quarkchain.shards.get(SHARD);
  if (genesisShard === undefined) throw new Error(`no shard ${SHARD}`);
  const accounts = keys.map((key) => ({
    ...{ address: addressOfKey(key), fullShardKey: SHARD, code: undefined, storage: [] },
    balances: [[quarkchain.genesisTokenId, 10n ** 24n]] as const,
  }));
  const shards = new Map(quarkchain.shards);
  shards.set(SHARD, { ...genesisShard, genesis: { ...genesisShard.genesis, accounts, gasLimit: 12_000_000n } });
  return { ...cluster, quarkchain: { ...quarkchain, shards } };
}
