/** What the genesis blocks of a real network depend on; all its chains have one shard. */
interface NetworkGenesis {
  readonly rootDifficulty: number;
  readonly networkId: number;
  readonly baseEthChainId: number;
  /** Accounts of a chain by address and shard key, 24 bytes in hex. */
  readonly alloc: (chainId: number) => Readonly<Record<string, object>>;
}

const UNITS = "000000000000000000";
const CHAIN_COUNT = 8;
const TIMESTAMP = 1556639999;

const NETWORKS: Readonly<Record<string, NetworkGenesis>> = {
  mainnet: {
    rootDifficulty: 10_000_000_000_000,
    networkId: 1,
    baseEthChainId: 100000,
    alloc: (chainId) => ({
      [`32c53C6c2B57B2026a51C87aDD0695F5AeEd3f2e000${chainId}75b2`]: { QKC: `600000000${UNITS}` },
      [`7DeB90eF2097D8A9e423516e199b9D95EB2b4D97000${chainId}75b2`]: { QKC: `100000000${UNITS}` },
      [`c4fbA3740f95d25B2196C9437fDb005359296D36000${chainId}75b2`]: { QKC: `50000000${UNITS}` },
    }),
  },
  devnet: {
    rootDifficulty: 100_000,
    networkId: 255,
    baseEthChainId: 110000,
    alloc: (chainId): Readonly<Record<string, object>> => {
      if (chainId !== 0) return {};
      return {
        a92885095A33E45A3C018Df7Aa6242B62Acb971800000000: { balances: { QKC: `600000000${UNITS}` } },
        "5C935469C5592Aeeac3372e922d9bCEabDF8830d00000000": { balances: { QKC: `600000000${UNITS}` } },
      };
    },
  },
};

/** A configuration with a real network's genesis and nothing else of it. */
export function networkConfigText(name: string): string {
  const { rootDifficulty, networkId, baseEthChainId, alloc } = NETWORKS[name];
  const rules = { CONSENSUS_TYPE: "POW_ETHASH", CONSENSUS_CONFIG: {}, POSW_CONFIG: {} };
  const chains = Array.from({ length: CHAIN_COUNT }, (_, chainId) => ({
    ...rules,
    CHAIN_ID: chainId,
    SHARD_SIZE: 1,
    COINBASE_AMOUNT: `65${"0".repeat(17)}`,
    GENESIS: { TIMESTAMP, DIFFICULTY: chainId < 6 ? 5_000_000_000 : 120_000, ALLOC: alloc(chainId) },
  }));
  const root = { ...rules, GENESIS: { TIMESTAMP, DIFFICULTY: rootDifficulty } };
  const config = { CHAIN_SIZE: CHAIN_COUNT, NETWORK_ID: networkId, BASE_ETH_CHAIN_ID: baseEthChainId };
  const text = JSON.stringify({ QUARKCHAIN: { ...config, ROOT: root, CHAINS: chains } });
  // Amounts are too large for JSON.stringify's numbers.
  return text.replaceAll(/"(\d{18,})"/g, "$1");
}
