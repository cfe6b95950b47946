import { type QuarkChainConfig, shardConfigOf } from "../../node/chain/config.ts";
import { parseClusterConfig } from "../../node/chain/config-file.ts";
import { type CrossShardDeposit, decodeDepositList, encodeDepositList } from "../../node/chain/deposit.ts";
import { encodeReceipt } from "../../node/chain/receipt.ts";
import { minorBlockReward } from "../../node/chain/rewards.ts";
import { wrapTransaction } from "../../node/chain/typed-transaction.ts";
import { reachableShards } from "../../node/cl/shard-neighbors.ts";
import { addressFromHex, bytesKey, fromHex, type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../node/codec/keccak.ts";
import { ExecutionAbortedError } from "../../node/el/evm/abort.ts";
import type { CaseAccount } from "../../node/el/evm/evm-case.testkit.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import { executionConfig } from "../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import type { DueDeposit, ExecutionPayload, ExecutionResult } from "../../node/el/payload.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import { WorldState } from "../../node/el/state/world-state.ts";
import { TransactionInvalidError } from "../../node/el/transactions/transaction-invalid-error.ts";
import { MemoryNodeStore } from "../../node/el/trie/trie.testkit.ts";

/** A block on a small state with pyquarkchain's answers: block_cases.py. */
export interface BlockCase {
  readonly name: string;
  /** Text of a cluster_config.json: its numbers do not fit JavaScript's. */
  readonly config: string;
  readonly fullShardId: number;
  readonly rootTipHeight: number;
  /** Of the block's previous root block. */
  readonly rootHeight: number;
  readonly accounts: Readonly<Record<string, CaseAccount>>;
  readonly block: BlockRow;
  /** Deposit list in hex. */
  readonly deposits: string;
  /** Root height, minor index and deposit index of each deposit. */
  readonly cursors: readonly (readonly [number, number, number])[];
  readonly expected: BlockAnswer;
}

interface BlockRow {
  readonly height: number;
  readonly timestamp: number;
  readonly coinbase: string;
  readonly difficulty: string;
  readonly gasLimit: string;
  readonly xshardGasLimit: string;
  readonly disallow: Readonly<Record<string, string>>;
  /** Ancestors, parent first. */
  readonly hashes: readonly string[];
  /** RLP in hex. */
  readonly transactions: readonly string[];
}

/** What a block came to, or which transaction made it invalid (null: a deposit), why, and in whose words. */
export type BlockAnswer = ComputedRow | { readonly refused: readonly [string, number | null, string] };

interface ComputedRow {
  readonly stateRoot: string;
  readonly receiptRoot: string;
  readonly bloom: string;
  readonly gasUsed: string;
  readonly xshardReceiveGasUsed: string;
  readonly xshardCursor: readonly [number, number, number];
  readonly coinbaseAmounts: Readonly<Record<string, string>>;
  /** Null where a refund rate or price, as a contract answered it, fits no deposit's field. */
  readonly xshardSends: string | null;
  readonly receipts: readonly string[];
  readonly senders: readonly string[];
  readonly depositsConsumed: number;
}

/** What this execution layer answers. */
export function answerBlock(blockCase: BlockCase, rules: Rules): BlockAnswer {
  const { quarkchain } = parseClusterConfig(blockCase.config, blockCase.name);
  const store = new MemoryNodeStore();
  const parentStateRoot = buildState(store, blockCase.accounts);
  const layer = new ExecutionLayer(executionConfig(quarkchain, blockCase.fullShardId, rules), store);
  try {
    return computedRow(layer.execute(payloadOf(blockCase, quarkchain, parentStateRoot)));
  } catch (error) {
    return { refused: refusalOf(error) };
  }
}

function refusalOf(error: unknown): readonly [string, number | null, string] {
  if (error instanceof TransactionInvalidError) {
    const name = error.refusal === "EXECUTION_ABORTED" ? "ABORTED" : error.refusal;
    return [name, error.transactionIndex ?? null, error.explanation];
  }
  if (error instanceof ExecutionAbortedError) return ["ABORTED", null, error.message];
  throw error;
}

function buildState(store: NodeStore, accounts: Readonly<Record<string, CaseAccount>>): Hash32 {
  const state = new WorldState(store, EMPTY_TRIE_ROOT);
  for (const [key, account] of Object.entries(accounts)) {
    const address = addressFromHex(key);
    state.fullShardKey = account.key;
    state.setNonce(address, BigInt(account.nonce));
    if (account.code !== "") state.setCode(address, fromHex(account.code));
    for (const [token, amount] of Object.entries(account.balances)) {
      state.setBalance(address, BigInt(token), BigInt(amount));
    }
    for (const [slot, value] of Object.entries(account.storage)) state.setStorage(address, BigInt(slot), BigInt(value));
  }
  return state.commit();
}

function payloadOf(blockCase: BlockCase, config: QuarkChainConfig, parentStateRoot: Hash32): ExecutionPayload {
  const { block, fullShardId, rootHeight } = blockCase;
  const hashes = block.hashes.map((hash) => hashFromHex(hash));
  return {
    fullShardId,
    parentStateRoot,
    height: block.height,
    timestamp: block.timestamp,
    coinbase: addressFromHex(block.coinbase),
    difficulty: BigInt(block.difficulty),
    gasLimit: BigInt(block.gasLimit),
    xshardGasLimit: BigInt(block.xshardGasLimit),
    transactions: block.transactions.map((rlp) => wrapTransaction(fromHex(rlp))),
    deposits: dueDeposits(blockCase),
    exhaustedCursor: { rootBlockHeight: rootHeight + 1, minorBlockIndex: 0, xshardDepositIndex: 0 },
    senderDisallowMap: new Map(
      Object.entries(block.disallow).map(([key, stake]) => [bytesKey(addressFromHex(key)), BigInt(stake)]),
    ),
    ancestorHash: (distance) => (distance <= 256 ? hashes[distance - 1] : undefined),
    reachableShards: reachableShards(config, fullShardId, blockCase.rootTipHeight),
    blockReward: minorBlockReward(config, shardConfigOf(config, fullShardId), block.height),
  };
}

function dueDeposits({ deposits, cursors }: BlockCase): DueDeposit[] {
  return decodeDepositList(fromHex(deposits)).deposits.map((deposit, i) => {
    const [rootBlockHeight, minorBlockIndex, xshardDepositIndex] = cursors[i];
    return { deposit, cursor: { rootBlockHeight, minorBlockIndex, xshardDepositIndex } };
  });
}

function computedRow(computed: ExecutionResult): ComputedRow {
  const { xshardCursor: cursor } = computed;
  const amounts = [...computed.coinbaseAmounts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    stateRoot: toHex(computed.stateRoot),
    receiptRoot: toHex(computed.receiptRoot),
    bloom: toHex(computed.bloom),
    gasUsed: String(computed.gasUsed),
    xshardReceiveGasUsed: String(computed.xshardReceiveGasUsed),
    xshardCursor: [cursor.rootBlockHeight, cursor.minorBlockIndex, cursor.xshardDepositIndex],
    coinbaseAmounts: Object.fromEntries(amounts.map(([tokenId, amount]) => [String(tokenId), String(amount)])),
    xshardSends: sendsRow(computed.xshardSends),
    receipts: computed.receipts.map((receipt) => toHex(encodeReceipt(receipt))),
    senders: computed.senders.map(toHex),
    depositsConsumed: computed.depositsConsumed,
  };
}

function sendsRow(sends: readonly CrossShardDeposit[]): string | null {
  const fits = sends.every(({ refundRate, gasPrice }) => refundRate <= 255 && gasPrice < 1n << 256n);
  return fits ? toHex(encodeDepositList(sends)) : null;
}
