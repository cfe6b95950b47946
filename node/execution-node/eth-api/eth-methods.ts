import { z } from "zod";
import { canonicalConfig, configHash } from "../../chain/config-hash.ts";
import { bigIntToBytes, bytesToBigInt, toHex } from "../../codec/bytes.ts";
import { QkcError } from "../../codec/errors.ts";
import { keccak256 } from "../../codec/keccak.ts";
import {
  bytesField,
  countField,
  dataToJson,
  hashField,
  quantityToJson,
  tokenBalancesToJson,
  uint256Field,
} from "../../engine/api/json-fields.ts";
import type { Caller } from "../../engine/json-rpc/caller.ts";
import { type RpcMethods, rpcMethod } from "../../engine/json-rpc/rpc-method.ts";
import { type Call, type CallRunner, LocalCalls } from "../calls/call-runner.ts";
import { type BlockSelector, ChainView, type PlacedBlock } from "../chain-view.ts";
import type { ExecutionNode } from "../execution-node.ts";
import { HeadPool } from "../mempool/head-pool.ts";
import { readRawTransaction } from "../mempool/transaction-pool.ts";
import { AccountView } from "./accounts.ts";
import { blockToJson } from "./block-json.ts";
import { accountField, blockField, blockNumberField, callField, tokenIdField } from "./fields.ts";
import { Filters } from "./filters.ts";
import { suggestedGasPrice } from "./gas-price.ts";
import { findLogs, logFilterField } from "./logs.ts";
import { receiptsToJson } from "./receipt-json.ts";
import { traceMethods } from "./trace-methods.ts";
import { transactionToJson } from "./transaction-json.ts";

/**
 * Ethereum's methods for one shard, and QuarkChain's for what Ethereum has no word for (docs/el.md). Calls run by `calls`,
 * in this thread by default.
 */
export function ethMethods(node: ExecutionNode, calls: CallRunner = new LocalCalls(node)): RpcMethods {
  const chain = new ChainView(node);
  const pool = new HeadPool(chain);
  return {
    ...chainMethods(chain),
    ...blockMethods(chain),
    ...transactionMethods(chain, pool),
    ...accountMethods(chain),
    ...callMethods(chain, calls),
    ...traceMethods(chain, calls),
    ...poolMethods(pool),
    ...filterMethods(new Filters(chain, pool)),
  };
}

function chainMethods(chain: ChainView): RpcMethods {
  const { node } = chain;
  return {
    eth_chainId: rpcMethod(z.tuple([]), () => quantityToJson(node.execution.ethChainId)),
    net_version: rpcMethod(z.tuple([]), () => `${node.config.networkId}`),
    web3_clientVersion: rpcMethod(z.tuple([]), () => `${node.clientVersion.name}/${node.clientVersion.version}`),
    web3_sha3: rpcMethod(z.tuple([bytesField]), ([data]) => dataToJson(keccak256(data))),
    eth_blockNumber: rpcMethod(z.tuple([]), () => quantityToJson(node.headBlock()?.block.header.height ?? 0)),
    /** The node has what consensus gave it; it fetches nothing itself. */
    eth_syncing: rpcMethod(z.tuple([]), () => false),
    eth_gasPrice: rpcMethod(z.tuple([tokenIdField.optional()]), ([tokenId]) =>
      quantityToJson(suggestedGasPrice(chain, tokenId ?? node.config.genesisTokenId)),
    ),
    debug_chainConfig: rpcMethod(z.tuple([]), () => ({
      networkId: quantityToJson(node.config.networkId),
      chainId: quantityToJson(node.execution.ethChainId),
      fullShardId: quantityToJson(node.fullShardId),
      ruleSet: node.execution.chain.rules.name,
      configHash: dataToJson(configHash(node.config)),
      config: canonicalConfig(node.config),
    })),
  };
}

function blockMethods(chain: ChainView): RpcMethods {
  const { store } = chain.node;
  const answer = (placed: PlacedBlock | undefined, withTransactions = false) =>
    placed === undefined ? null : blockToJson(placed, store.record(placed.hash), withTransactions);
  return {
    eth_getBlockByHash: rpcMethod(z.tuple([hashField, z.boolean().optional()]), ([hash, withTransactions]) =>
      answer(chain.byHash(hash), withTransactions),
    ),
    eth_getBlockByNumber: rpcMethod(z.tuple([blockNumberField, z.boolean().optional()]), ([block, withTransactions]) =>
      answer(chain.find(block), withTransactions),
    ),
    eth_getBlockReceipts: rpcMethod(z.tuple([blockField]), ([block]) => {
      const placed = chain.find(block);
      return placed === undefined ? null : receiptsToJson(placed, store.record(placed.hash));
    }),
    eth_getBlockTransactionCountByHash: rpcMethod(z.tuple([hashField]), ([hash]) => countIn(chain.byHash(hash))),
    eth_getBlockTransactionCountByNumber: rpcMethod(z.tuple([blockNumberField]), ([block]) =>
      countIn(chain.find(block)),
    ),
    eth_getLogs: rpcMethod(z.tuple([logFilterField]), ([filter], caller) => findLogs(chain, filter, caller)),
  };
}

function countIn(placed: PlacedBlock | undefined): string | null {
  return placed === undefined ? null : quantityToJson(placed.block.transactions.length);
}

function transactionMethods(chain: ChainView, pool: HeadPool): RpcMethods {
  const { store } = chain.node;
  const inBlock = (placed: PlacedBlock | undefined, index: number) => {
    const typed = placed?.block.transactions[index];
    if (placed === undefined || typed === undefined) return null;
    return transactionToJson(typed, store.record(placed.hash).senders[index], { in: placed, index });
  };
  return {
    eth_getTransactionByHash: rpcMethod(z.tuple([hashField]), ([hash]) => {
      const place = chain.placeOf(hash);
      if (place?.kind === "transaction") return inBlock(chain.byHash(place.blockHash), place.index);
      const pending = pool.find(hash);
      return pending === undefined ? null : transactionToJson(pending.typed, pending.sender, undefined);
    }),
    eth_getTransactionByBlockHashAndIndex: rpcMethod(z.tuple([hashField, countField]), ([hash, index]) =>
      inBlock(chain.byHash(hash), index),
    ),
    eth_getTransactionByBlockNumberAndIndex: rpcMethod(z.tuple([blockNumberField, countField]), ([block, index]) =>
      inBlock(chain.find(block), index),
    ),
    /** Of a transaction, or of the deposit that a transaction of another shard became here. */
    eth_getTransactionReceipt: rpcMethod(z.tuple([hashField]), ([hash]) => {
      const place = chain.placeOf(hash);
      const placed = chain.byHash(place?.blockHash);
      if (place === undefined || placed === undefined) return null;
      const index = place.kind === "transaction" ? place.index : placed.block.transactions.length + place.index;
      // Deposits leave no receipt before contracts are enabled.
      return receiptsToJson(placed, store.record(placed.hash))[index] ?? null;
    }),
  };
}

function accountMethods(chain: ChainView): RpcMethods {
  const at = (block: BlockSelector | undefined) => new AccountView(chain, chain.get(block));
  const ofAccount = z.tuple([accountField, blockField.optional()]);
  const { genesisTokenId } = chain.node.config;
  return {
    eth_getBalance: rpcMethod(ofAccount, ([{ recipient }, block]) =>
      quantityToJson(at(block).balance(recipient, genesisTokenId)),
    ),
    qkc_getBalance: rpcMethod(
      z.tuple([accountField, tokenIdField, blockField.optional()]),
      ([{ recipient }, tokenId, block]) => quantityToJson(at(block).balance(recipient, tokenId)),
    ),
    qkc_getBalances: rpcMethod(ofAccount, ([{ recipient }, block]) =>
      tokenBalancesToJson(at(block).balances(recipient)),
    ),
    eth_getTransactionCount: rpcMethod(ofAccount, ([{ recipient }, block]) =>
      quantityToJson(at(block).nonce(recipient)),
    ),
    eth_getCode: rpcMethod(ofAccount, ([{ recipient }, block]) => dataToJson(at(block).code(recipient))),
    eth_getStorageAt: rpcMethod(
      z.tuple([accountField, slotField, blockField.optional()]),
      ([{ recipient }, slot, block]) => dataToJson(bigIntToBytes(at(block).storage(recipient, slot), 32)),
    ),
  };
}

/** A QUANTITY, or the 32 bytes that many libraries send. */
const slotField = z.union([uint256Field, hashField.transform((hash) => BigInt(`0x${toHex(hash)}`))]);

function callMethods(chain: ChainView, calls: CallRunner): RpcMethods {
  const params = z.tuple([callField, blockField.optional()]);
  const run = async (kind: Call["kind"], [request, block]: z.output<typeof params>, caller: Caller) => {
    const placed = chain.get(block);
    chain.refusePruned(placed);
    // What a call runs on is read from the disk.
    await chain.node.store.committed();
    try {
      return await calls.run({ kind, request, block: placed.block }, caller);
    } catch (error) {
      // The state may have gone meanwhile.
      if (error instanceof QkcError && error.code === "DATABASE_DAMAGED") chain.refusePruned(placed);
      throw error;
    }
  };
  return {
    eth_call: rpcMethod(params, async (asked, caller) => dataToJson(await run("call", asked, caller))),
    eth_estimateGas: rpcMethod(params, async (asked, caller) =>
      quantityToJson(bytesToBigInt(await run("estimateGas", asked, caller))),
    ),
  };
}

function poolMethods(pool: HeadPool): RpcMethods {
  return {
    eth_sendRawTransaction: rpcMethod(z.tuple([bytesField]), ([bytes]) => {
      const typed = readRawTransaction(bytes);
      pool.add(typed);
      return dataToJson(typed.hash);
    }),
  };
}

function filterMethods(filters: Filters): RpcMethods {
  const ofFilter = z.tuple([z.string()]);
  return {
    eth_newPendingTransactionFilter: rpcMethod(z.tuple([]), () => filters.createPending()),
    eth_newBlockFilter: rpcMethod(z.tuple([]), () => filters.createBlock()),
    eth_newFilter: rpcMethod(z.tuple([logFilterField]), ([filter]) => filters.createLogs(filter)),
    eth_getFilterChanges: rpcMethod(ofFilter, ([id], caller) => filters.changes(id, caller)),
    eth_getFilterLogs: rpcMethod(ofFilter, ([id], caller) => filters.logs(id, caller)),
    eth_uninstallFilter: rpcMethod(ofFilter, ([id]) => filters.uninstall(id)),
  };
}
