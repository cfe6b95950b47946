import { join } from "node:path";
import { type Address, asAddress, fromHex } from "../codec/bytes.ts";
import { tokenIdEncode } from "../codec/token-id.ts";
import type { ClusterConfig, GenesisAccount, QuarkChainConfig, ShardConfig } from "./config.ts";
import type { LoadTestAccount } from "./config-operation.ts";
import { fullShardIdOfKey } from "./shard-id.ts";

/** core.py normalize_bytes: 24 bytes in hex, without 0x. */
const ADDRESS = /^[0-9a-fA-F]{48}$/;
const PRIVATE_KEY = /^[0-9a-fA-F]{64}$/;

/** What each account of the files gets beside the genesis token, in whole tokens of 10^18 parts. */
const OTHER_TOKENS: readonly (readonly [string, bigint])[] = [
  ["QETC", 200_000_000n],
  ["QFB", 300_000_000n],
  ["QAAPL", 400_000_000n],
  ["QTSLA", 500_000_000n],
];
const GENESIS_TOKENS = 1_000_000n;
const ONE_TOKEN = 10n ** 18n;

/**
 * A configuration with the genesis accounts that pyquarkchain adds from GENESIS_DIR (cluster_config.py
 * update_genesis_alloc): alloc/<chain id>.json to the shard of each account's key, all of them or, where one file is
 * missing or bad, none; then each of loadtest.json, up to the first bad one, to every shard.
 * @param read the text of a file; undefined where there is none
 */
export function withGenesisFiles(config: ClusterConfig, read: (path: string) => string | undefined): ClusterConfig {
  const { genesisDir, quarkchain } = config;
  if (genesisDir === "") return config;
  const balances = allocation(quarkchain);
  const allocated = allocatedAccounts(quarkchain, genesisDir, read) ?? [];
  const loadTest = read(join(genesisDir, "loadtest.json"));
  const everywhere = accountsIn(loadTest)?.accounts ?? [];
  if (allocated.length === 0 && everywhere.length === 0) return config;
  const shards = new Map<number, ShardConfig>();
  for (const [id, shard] of quarkchain.shards) {
    const own = allocated.filter(({ fullShardKey }) => fullShardIdOf(quarkchain, fullShardKey) === id);
    const added = [...own, ...everywhere.map(({ address }) => ({ address, fullShardKey: id }))];
    shards.set(id, withAccounts(shard, added, balances));
  }
  const operation = { ...config.operation, loadTestAccounts: loadTestAccountsIn(loadTest) };
  return { ...config, operation, quarkchain: { ...quarkchain, shards } };
}

interface AccountKey {
  readonly address: Address;
  readonly fullShardKey: number;
}

/** Undefined where a file is missing or bad, or names a shard that does not exist. */
function allocatedAccounts(
  config: QuarkChainConfig,
  genesisDir: string,
  read: (path: string) => string | undefined,
): readonly AccountKey[] | undefined {
  const all: AccountKey[] = [];
  for (const { chainId } of config.chains) {
    const file = accountsIn(read(join(genesisDir, "alloc", `${chainId}.json`)));
    if (file === undefined || !file.isWhole) return undefined;
    for (const account of file.accounts) {
      const id = fullShardIdOf(config, account.fullShardKey);
      if (id === undefined || !config.shards.has(id)) return undefined;
      all.push(account);
    }
  }
  return all;
}

/** Accounts up to the first bad one, and whether that is all; undefined for what is no list. */
function accountsIn(
  text: string | undefined,
): { readonly accounts: readonly AccountKey[]; readonly isWhole: boolean } | undefined {
  const items = listIn(text);
  if (items === undefined) return undefined;
  const accounts: AccountKey[] = [];
  for (const item of items) {
    const account = keyOf(item);
    if (account === undefined) break;
    accounts.push(account);
  }
  return { accounts, isWhole: accounts.length === items.length };
}

/** Who can send; pyquarkchain does not create a shard while one of them has no key. */
function loadTestAccountsIn(text: string | undefined): readonly LoadTestAccount[] {
  const accounts: LoadTestAccount[] = [];
  for (const item of listIn(text) ?? []) {
    const address = keyOf(item)?.address;
    if (address === undefined || typeof item !== "object" || item === null || !("key" in item)) continue;
    const { key } = item;
    if (typeof key === "string" && PRIVATE_KEY.test(key))
      accounts.push({ recipient: address, privateKey: fromHex(key) });
  }
  return accounts;
}

function listIn(text: string | undefined): readonly unknown[] | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    // pyquarkchain logs it and goes on without the file.
    return undefined;
  }
}

function keyOf(item: unknown): AccountKey | undefined {
  if (typeof item !== "object" || item === null || !("address" in item)) return undefined;
  const { address: text } = item;
  if (typeof text !== "string" || !ADDRESS.test(text)) return undefined;
  const bytes = fromHex(text);
  const key = new DataView(bytes.buffer, bytes.byteOffset).getUint32(20);
  return { address: asAddress(bytes.subarray(0, 20)), fullShardKey: key };
}

function fullShardIdOf(config: QuarkChainConfig, fullShardKey: number): number | undefined {
  const chain = config.chains.find(({ chainId }) => chainId === fullShardKey >>> 16);
  return chain === undefined ? undefined : fullShardIdOfKey(fullShardKey, chain.shardSize);
}

function allocation({ genesisTokenId }: QuarkChainConfig): GenesisAccount["balances"] {
  const others = OTHER_TOKENS.map(([name, amount]) => [tokenIdEncode(name), amount * ONE_TOKEN] as const);
  return [[genesisTokenId, GENESIS_TOKENS * ONE_TOKEN], ...others];
}

/** An account that the configuration has already keeps its place, and nothing else. */
function withAccounts(
  shard: ShardConfig,
  added: readonly AccountKey[],
  balances: GenesisAccount["balances"],
): ShardConfig {
  const accounts = new Map(shard.genesis.accounts.map((account) => [textOf(account), account]));
  for (const { address, fullShardKey } of added) {
    const account: GenesisAccount = { address, fullShardKey, code: undefined, storage: [], balances };
    accounts.set(textOf(account), account);
  }
  return { ...shard, genesis: { ...shard.genesis, accounts: [...accounts.values()] } };
}

function textOf({ address, fullShardKey }: AccountKey): string {
  return `${Buffer.from(address).toString("hex")}${fullShardKey}`;
}
