import * as messages from "./cluster-messages.ts";
import type { Codec } from "./codec.ts";
import { type Command, operationsOf, type Rpc } from "./operation.ts";

/** Operations inside a cluster are numbered above those among clusters (rpc.py CLUSTER_OP_BASE). */
const CLUSTER_OP_BASE = 128;

/** Requests and answers inside a cluster, by rpc.py ClusterOp: the n-th is answered by the one behind it. */
export const CLUSTER_RPC = {
  ping: rpc("PING", 1, messages.ping, messages.pong),
  connectToSlaves: rpc("CONNECT_TO_SLAVES", 3, messages.connectToSlavesRequest, messages.connectToSlavesResponse),
  addRootBlock: rpc("ADD_ROOT_BLOCK", 5, messages.addRootBlockRequest, messages.addRootBlockResponse),
  getEcoInfoList: rpc("GET_ECO_INFO_LIST", 7, messages.empty, messages.getEcoInfoListResponse),
  getNextBlockToMine: rpc(
    "GET_NEXT_BLOCK_TO_MINE",
    9,
    messages.getNextBlockToMineRequest,
    messages.getNextBlockToMineResponse,
  ),
  getUnconfirmedHeaders: rpc("GET_UNCONFIRMED_HEADERS", 11, messages.empty, messages.getUnconfirmedHeadersResponse),
  getAccountData: rpc("GET_ACCOUNT_DATA", 13, messages.getAccountDataRequest, messages.getAccountDataResponse),
  addTransaction: rpc("ADD_TRANSACTION", 15, messages.addTransactionRequest, messages.status),
  addMinorBlockHeader: rpc(
    "ADD_MINOR_BLOCK_HEADER",
    17,
    messages.addMinorBlockHeaderRequest,
    messages.addMinorBlockHeaderResponse,
  ),
  addXshardTxList: rpc("ADD_XSHARD_TX_LIST", 19, messages.addXshardTxListRequest, messages.status),
  syncMinorBlockList: rpc(
    "SYNC_MINOR_BLOCK_LIST",
    21,
    messages.syncMinorBlockListRequest,
    messages.syncMinorBlockListResponse,
  ),
  addMinorBlock: rpc("ADD_MINOR_BLOCK", 23, messages.addMinorBlockRequest, messages.status),
  createClusterPeerConnection: rpc("CREATE_CLUSTER_PEER_CONNECTION", 25, messages.clusterPeer, messages.status),
  getMinorBlock: rpc("GET_MINOR_BLOCK", 29, messages.getMinorBlockRequest, messages.getMinorBlockResponse),
  getTransaction: rpc("GET_TRANSACTION", 31, messages.getTransactionRequest, messages.getTransactionResponse),
  batchAddXshardTxList: rpc("BATCH_ADD_XSHARD_TX_LIST", 33, messages.batchAddXshardTxListRequest, messages.status),
  executeTransaction: rpc(
    "EXECUTE_TRANSACTION",
    35,
    messages.executeTransactionRequest,
    messages.executeTransactionResponse,
  ),
  getTransactionReceipt: rpc(
    "GET_TRANSACTION_RECEIPT",
    37,
    messages.getTransactionRequest,
    messages.getTransactionReceiptResponse,
  ),
  mine: rpc("MINE", 39, messages.mineRequest, messages.status),
  genTx: rpc("GEN_TX", 41, messages.genTxRequest, messages.status),
  getTransactionListByAddress: rpc(
    "GET_TRANSACTION_LIST_BY_ADDRESS",
    43,
    messages.getTransactionListByAddressRequest,
    messages.transactionListResponse,
  ),
  getLog: rpc("GET_LOG", 45, messages.getLogRequest, messages.getLogResponse),
  estimateGas: rpc("ESTIMATE_GAS", 47, messages.estimateGasRequest, messages.estimateGasResponse),
  getStorage: rpc("GET_STORAGE", 49, messages.getStorageRequest, messages.getStorageResponse),
  getCode: rpc("GET_CODE", 51, messages.getCodeRequest, messages.getCodeResponse),
  gasPrice: rpc("GAS_PRICE", 53, messages.gasPriceRequest, messages.gasPriceResponse),
  getWork: rpc("GET_WORK", 55, messages.getWorkRequest, messages.getWorkResponse),
  submitWork: rpc("SUBMIT_WORK", 57, messages.submitWorkRequest, messages.submitWorkResponse),
  addMinorBlockHeaderList: rpc(
    "ADD_MINOR_BLOCK_HEADER_LIST",
    59,
    messages.addMinorBlockHeaderListRequest,
    messages.status,
  ),
  checkMinorBlock: rpc("CHECK_MINOR_BLOCK", 61, messages.checkMinorBlockRequest, messages.status),
  getAllTransactions: rpc(
    "GET_ALL_TRANSACTIONS",
    63,
    messages.getAllTransactionsRequest,
    messages.transactionListResponse,
  ),
  getRootChainStakes: rpc(
    "GET_ROOT_CHAIN_STAKES",
    65,
    messages.getRootChainStakesRequest,
    messages.getRootChainStakesResponse,
  ),
  getTotalBalance: rpc("GET_TOTAL_BALANCE", 67, messages.getTotalBalanceRequest, messages.getTotalBalanceResponse),
};

/** What nobody answers. */
export const CLUSTER_COMMAND = {
  destroyClusterPeerConnection: {
    name: "DESTROY_CLUSTER_PEER_CONNECTION",
    op: 27 + CLUSTER_OP_BASE,
    message: messages.clusterPeer,
  } satisfies Command<unknown>,
};

export const CLUSTER_OPERATIONS = operationsOf(Object.values(CLUSTER_RPC), Object.values(CLUSTER_COMMAND));

function rpc<Request, Response>(
  name: string,
  n: number,
  request: Codec<Request>,
  response: Codec<Response>,
): Rpc<Request, Response> {
  return { name, op: n + CLUSTER_OP_BASE, responseOp: n + 1 + CLUSTER_OP_BASE, request, response };
}
