import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { CrossShardDeposit } from "../../chain/deposit.ts";
import type { EvmTransaction } from "../../chain/evm-transaction.ts";
import type { Receipt } from "../../chain/receipt.ts";
import { type Address, addressFromHex, fromHex, type Hash32, hashFromHex, toHex } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import { tokenIdEncode } from "../../codec/token-id.ts";
import { QUARKCHAIN_RULES } from "../evm/rules.ts";
import type { ExecutionConfig } from "../execution-config.ts";
import type { NodeStore } from "../state/node-store.ts";
import { WorldState } from "../state/world-state.ts";

/** Readers for fixtures/transactions: see the README there. */
export type Network = "devnet" | "mainnet";

export const QKC_TOKEN = tokenIdEncode("QKC");

const NO_CODE_BEFORE = 1569567600;
const NATIVE_TOKENS_FROM = 1588291200;

/** Shard 1 (chain 0, one shard) of a network with 8 chains of one shard; devnet has every switch on from time 0. */
export function networkConfig(network: Network): ExecutionConfig {
  const isMainnet = network === "mainnet";
  const from = (timestamp: number) => (isMainnet ? timestamp : 0);
  return {
    fullShardId: 1,
    networkId: isMainnet ? 1n : 255n,
    ethChainId: isMainnet ? 100001n : 110001n,
    shardSizes: new Map([0, 1, 2, 3, 4, 5, 6, 7].map((chainId) => [chainId, 1])),
    genesisToken: QKC_TOKEN,
    localFeeRate: { numerator: 1n, denominator: 2n },
    enableTxTimestamp: from(1561791600),
    txWhitelistSenders: new Set(),
    enableEvmTimestamp: from(NO_CODE_BEFORE),
    enableEip155SignerTimestamp: from(1631577600),
    xshardGasDdosFixRootHeight: 90000,
    chain: {
      rules: QUARKCHAIN_RULES,
      schedule: {
        evm: from(NO_CODE_BEFORE),
        nonReservedNativeToken: from(NATIVE_TOKENS_FROM),
        generalNativeToken: from(NATIVE_TOKENS_FROM),
      },
      defaultChainToken: QKC_TOKEN,
    },
  };
}

export function readVectors<T>(name: string): T {
  const path = fileURLToPath(new URL(`../../../fixtures/transactions/${name}.json.gz`, import.meta.url));
  return JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as T;
}

/** Accounts by address and full shard key, 24 bytes in hex. */
export type Allocation = Record<string, AllocatedAccount>;

interface AllocatedAccount {
  readonly balances: Record<string, string>;
  readonly code?: string;
  readonly storage?: Record<string, string>;
}

/** Root of a state that holds the allocation, as a genesis block has it. */
export function allocate(store: NodeStore, allocation: Allocation): Hash32 {
  const state = new WorldState(store, EMPTY_TRIE_ROOT);
  for (const [key, account] of Object.entries(allocation)) {
    const address = addressFromHex(key.slice(0, 40));
    state.fullShardKey = Number.parseInt(key.slice(40), 16);
    if (account.code !== undefined) {
      state.setCode(address, fromHex(account.code));
      state.setNonce(address, 1n);
    }
    for (const [slot, value] of Object.entries(account.storage ?? {})) {
      state.setStorage(address, BigInt(slot), BigInt(value));
    }
    for (const [token, amount] of Object.entries(account.balances)) {
      state.addBalance(address, tokenIdEncode(token), BigInt(amount));
    }
  }
  return state.commit();
}

type Quantity = string | number;

export interface TransactionRow {
  readonly nonce: Quantity;
  readonly gas_price: Quantity;
  readonly start_gas: Quantity;
  readonly to: string;
  readonly value: Quantity;
  readonly data: string;
  readonly network_id: Quantity;
  readonly from_full_shard_key: number;
  readonly to_full_shard_key: number;
  readonly gas_token_id: Quantity;
  readonly transfer_token_id: Quantity;
  readonly version: Quantity;
  readonly v: Quantity;
  readonly r: Quantity;
  readonly s: Quantity;
  readonly sender: string;
  readonly hash: string;
}

export function transactionOf(row: TransactionRow): EvmTransaction {
  return {
    nonce: BigInt(row.nonce),
    gasPrice: BigInt(row.gas_price),
    startGas: BigInt(row.start_gas),
    to: optionalAddress(row.to),
    value: BigInt(row.value),
    data: fromHex(row.data),
    networkId: BigInt(row.network_id),
    fromFullShardKey: row.from_full_shard_key,
    toFullShardKey: row.to_full_shard_key,
    gasTokenId: BigInt(row.gas_token_id),
    transferTokenId: BigInt(row.transfer_token_id),
    version: BigInt(row.version),
    v: BigInt(row.v),
    r: BigInt(row.r),
    s: BigInt(row.s),
  };
}

function optionalAddress(hex: string): Address | undefined {
  return hex === "0x" ? undefined : addressFromHex(hex);
}

export interface DepositRow {
  readonly tx_hash: string;
  readonly from: string;
  readonly from_full_shard_key: number;
  readonly to: string;
  readonly to_full_shard_key: number;
  readonly value: Quantity;
  readonly gas_price: Quantity;
  readonly gas_token_id: Quantity;
  readonly transfer_token_id: Quantity;
  readonly gas_remained: Quantity;
  readonly message_data: string;
  readonly create_contract: boolean;
  readonly is_from_root_chain: boolean;
  readonly refund_rate: number;
}

export function depositOf(row: DepositRow): CrossShardDeposit {
  return {
    txHash: hashFromHex(row.tx_hash),
    from: { recipient: addressFromHex(row.from), fullShardKey: row.from_full_shard_key },
    to: { recipient: addressFromHex(row.to), fullShardKey: row.to_full_shard_key },
    value: BigInt(row.value),
    gasPrice: BigInt(row.gas_price),
    gasTokenId: BigInt(row.gas_token_id),
    transferTokenId: BigInt(row.transfer_token_id),
    gasRemained: BigInt(row.gas_remained),
    messageData: fromHex(row.message_data),
    createContract: row.create_contract,
    isFromRootChain: row.is_from_root_chain,
    refundRate: row.refund_rate,
  };
}

export interface ReceiptRow {
  readonly success: boolean;
  readonly cumulative_gas_used: number;
  readonly bloom: string;
  readonly contract_address: string;
  readonly contract_full_shard_key: number;
  readonly logs: readonly LogRow[];
}

interface LogRow {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export function receiptRow(receipt: Receipt): ReceiptRow {
  return {
    success: receipt.success,
    cumulative_gas_used: Number(receipt.cumulativeGasUsed),
    bloom: `0x${toHex(receipt.bloom)}`,
    contract_address: `0x${toHex(receipt.contractAddress)}`,
    contract_full_shard_key: receipt.contractFullShardKey,
    logs: receipt.logs.map((log) => ({
      address: `0x${toHex(log.address)}`,
      topics: log.topics.map((topic) => `0x${toHex(topic)}`),
      data: `0x${toHex(log.data)}`,
    })),
  };
}

/** Amounts by token id, as the vectors write them. */
export function amountsRow(amounts: ReadonlyMap<bigint, bigint>): Record<string, string> {
  return Object.fromEntries([...amounts].map(([tokenId, amount]) => [String(tokenId), String(amount)]));
}
