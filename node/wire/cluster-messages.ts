import { deposits, minorBlock, minorBlockHeader, rootBlock, tokenBalances, transaction } from "./chain-codecs.ts";
import {
  big,
  bool,
  bytes,
  fixedBytes,
  hash32,
  hashMap,
  list,
  optional,
  qkcAddress,
  recipient,
  shortBytes,
  shortList,
  struct,
  text,
  u16,
  u32,
  u64,
  u256,
} from "./codec.ts";

/**
 * Messages between a master and its slaves and among slaves (pyquarkchain quarkchain/cluster/rpc.py). `branch` is a full
 * shard id; an errorCode of 0 is success; heights that somebody asks for are bigint, they may lie beyond any that exist.
 */

export const ping = struct({ id: text, fullShardIds: list(u32), rootTip: optional(rootBlock) });
export const pong = struct({ id: text, fullShardIds: list(u32) });

export const slaveInfo = struct({ id: text, host: text, port: u16, fullShardIds: list(u32) });
export const connectToSlavesRequest = struct({ slaves: list(slaveInfo) });
/** One text for each slave asked for, in their order; empty: connected. */
export const connectToSlavesResponse = struct({ results: list(text) });

/** Seconds between blocks of the simulated miner. */
const artificialTxConfig = struct({ targetRootBlockTime: u32, targetMinorBlockTime: u32 });
export const mineRequest = struct({ artificialTxConfig, mining: bool });
export const genTxRequest = struct({ transactionsPerShard: u32, crossShardPercent: u32, transaction });

export const clusterPeer = struct({ clusterPeerId: u64 });

/** Requests that nothing is said in. */
export const empty = struct({});
/** Answers that say nothing but how it went. */
export const status = struct({ errorCode: u32 });

export const addRootBlockRequest = struct({ rootBlock, expectSwitch: bool });
export const addRootBlockResponse = struct({ errorCode: u32, switched: bool });

const ecoInfo = struct({
  branch: u32,
  height: u64,
  coinbaseAmount: u256,
  difficulty: big,
  unconfirmedCoinbaseAmount: u256,
});
export const getEcoInfoListResponse = struct({ errorCode: u32, ecoInfos: list(ecoInfo) });

export const getNextBlockToMineRequest = struct({ branch: u32, address: qkcAddress, artificialTxConfig });
export const getNextBlockToMineResponse = struct({ errorCode: u32, block: minorBlock });

const headersInfo = struct({ branch: u32, headers: list(minorBlockHeader) });
export const getUnconfirmedHeadersResponse = struct({ errorCode: u32, headersInfos: list(headersInfo) });

export const getAccountDataRequest = struct({ address: qkcAddress, height: optional(u64) });
const accountBranchData = struct({
  branch: u32,
  transactionCount: u256,
  balances: tokenBalances,
  isContract: bool,
  poswMineableBlocks: u16,
  minedBlocks: u16,
});
export const getAccountDataResponse = struct({ errorCode: u32, accounts: list(accountBranchData) });

export const addTransactionRequest = struct({ transaction });

export const shardStats = struct({
  branch: u32,
  height: u64,
  difficulty: big,
  coinbaseAddress: qkcAddress,
  timestamp: u64,
  txCount60s: u32,
  pendingTxCount: u32,
  totalTxCount: u32,
  blockCount60s: u32,
  staleBlockCount60s: u32,
  lastBlockTime: u32,
});

export const syncMinorBlockListRequest = struct({ hashes: list(hash32), branch: u32, clusterPeerId: u64 });
export const syncMinorBlockListResponse = struct({
  errorCode: u32,
  coinbaseAmounts: hashMap(tokenBalances),
  shardStats: optional(shardStats),
});

export const addMinorBlockHeaderRequest = struct({
  header: minorBlockHeader,
  txCount: u32,
  xshardTxCount: u32,
  coinbaseAmounts: tokenBalances,
  shardStats,
});
export const addMinorBlockHeaderResponse = struct({ errorCode: u32, artificialTxConfig });
/** Both lists have one entry for each block. */
export const addMinorBlockHeaderListRequest = struct({
  headers: list(minorBlockHeader),
  coinbaseAmounts: list(tokenBalances),
});

/** `branch`: the shard that receives; `minorBlockHash`: the block that sends. */
export const addXshardTxListRequest = struct({ branch: u32, minorBlockHash: hash32, deposits });
export const batchAddXshardTxListRequest = struct({ lists: list(addXshardTxListRequest) });

/** The encoded block: what cannot be decoded is answered, not punished. */
export const addMinorBlockRequest = struct({ block: bytes });
export const checkMinorBlockRequest = struct({ header: minorBlockHeader });

/** A hash of zeros: by height. */
export const getMinorBlockRequest = struct({
  branch: u32,
  hash: hash32,
  height: u64,
  needExtraInfo: bool,
});
const minorBlockExtraInfo = struct({
  effectiveDifficulty: big,
  poswMineableBlocks: u16,
  poswMinedBlocks: u16,
});
export const getMinorBlockResponse = struct({
  errorCode: u32,
  block: minorBlock,
  extraInfo: optional(minorBlockExtraInfo),
});

export const getTransactionRequest = struct({ hash: hash32, branch: u32 });
export const getTransactionResponse = struct({ errorCode: u32, block: minorBlock, index: u32 });

export const executeTransactionRequest = struct({ transaction, from: qkcAddress, height: optional(u64) });
export const executeTransactionResponse = struct({ errorCode: u32, result: bytes });

const log = struct({
  address: recipient,
  topics: shortList(fixedBytes(32)),
  data: bytes,
  blockHeight: u64,
  blockHash: hash32,
  transactionIndex: u32,
  transactionHash: hash32,
  logIndex: u32,
});
const transactionReceipt = struct({
  /** One byte of 1, or none. */
  success: shortBytes,
  gasUsed: u64,
  previousGasUsed: u64,
  bloom: fixedBytes(256),
  contractAddress: qkcAddress,
  logs: list(log),
});
export const getTransactionReceiptResponse = struct({
  errorCode: u32,
  block: minorBlock,
  index: u32,
  receipt: transactionReceipt,
});

const transactionDetail = struct({
  hash: hash32,
  nonce: u64,
  from: qkcAddress,
  to: optional(qkcAddress),
  value: u256,
  blockHeight: u64,
  timestamp: u64,
  success: bool,
  gasTokenId: u64,
  transferTokenId: u64,
  isFromRootChain: bool,
});
export const getTransactionListByAddressRequest = struct({
  address: qkcAddress,
  transferTokenId: optional(u64),
  start: bytes,
  limit: u32,
});
export const getAllTransactionsRequest = struct({ branch: u32, start: bytes, limit: u32 });
export const transactionListResponse = struct({ errorCode: u32, transactions: list(transactionDetail), next: bytes });

export const getLogRequest = struct({
  branch: u32,
  addresses: list(qkcAddress),
  /** By place; an empty list stands for any topic. */
  topics: list(list(fixedBytes(32))),
  startBlock: u64,
  endBlock: u64,
});
export const getLogResponse = struct({ errorCode: u32, logs: list(log) });

export const estimateGasRequest = struct({ transaction, from: qkcAddress });
export const estimateGasResponse = struct({ errorCode: u32, gas: u32 });

export const getStorageRequest = struct({ address: qkcAddress, key: u256, height: optional(u64) });
export const getStorageResponse = struct({ errorCode: u32, value: fixedBytes(32) });
export const getCodeRequest = struct({ address: qkcAddress, height: optional(u64) });
export const getCodeResponse = struct({ errorCode: u32, code: bytes });
export const gasPriceRequest = struct({ branch: u32, tokenId: u64 });
export const gasPriceResponse = struct({ errorCode: u32, gasPrice: u64 });

export const getWorkRequest = struct({ branch: u32, coinbase: optional(qkcAddress) });
export const getWorkResponse = struct({ errorCode: u32, headerHash: hash32, height: u64, difficulty: big });
export const submitWorkRequest = struct({
  branch: u32,
  headerHash: hash32,
  nonce: u64,
  mixhash: hash32,
  signature: optional(fixedBytes(65)),
});
export const submitWorkResponse = struct({ errorCode: u32, success: bool });

export const getRootChainStakesRequest = struct({ address: qkcAddress, minorBlockHash: hash32 });
export const getRootChainStakesResponse = struct({ errorCode: u32, stakes: big, signer: recipient });

export const getTotalBalanceRequest = struct({
  branch: u32,
  start: optional(hash32),
  tokenId: u64,
  limit: u32,
  minorBlockHash: hash32,
  rootBlockHash: optional(hash32),
});
export const getTotalBalanceResponse = struct({ errorCode: u32, totalBalance: big, next: bytes });
