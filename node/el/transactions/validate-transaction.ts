import {
  decodeEvmTransaction,
  type EvmTransaction,
  floorGas,
  intrinsicGas,
  isCrossShard,
  targetFullShardId,
} from "../../chain/evm-transaction.ts";
import { recoverSender } from "../../chain/sender.ts";
import { chainIdOf, isInShard } from "../../chain/shard-id.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import { type Address, bytesKey, type Hash32, toHex } from "../../codec/bytes.ts";
import { CodecError } from "../../codec/errors.ts";
import { tokenIdDecode } from "../../codec/token-id.ts";
import type { Rules } from "../evm/rules.ts";
import { type BlockExecution, isEvmEnabled } from "./block-execution.ts";
import { KeptTransaction } from "./kept-transaction.ts";
import { GENERAL_NATIVE_TOKEN_CONTRACT, payNativeTokenAsGas } from "./native-token-gas.ts";
import { TransactionInvalidError, type TransactionRefusal } from "./transaction-invalid-error.ts";

const WORD_LIMIT = 1n << 256n;
const UINT128_MAX = (1n << 128n) - 1n;
const EIP155_VERSION = 2n;

/** A transaction with what was found out about it. */
export interface SignedTransaction {
  readonly transaction: EvmTransaction;
  /** Of the wrapper. */
  readonly hash: Hash32;
  readonly sender: Address;
  readonly isCrossShard: boolean;
  readonly intrinsicGas: bigint;
}

/**
 * Decodes a block's transaction and checks all that pyquarkchain shard_state.py __validate_tx checks, in its order.
 * Throws TransactionInvalidError.
 */
export function admitTransaction(execution: BlockExecution, typed: TypedTransaction): SignedTransaction {
  const transaction = decode(typed);
  const sender = typed instanceof KeptTransaction ? typed.sender : undefined;
  return admitDecoded(execution, transaction, typed.hash, sender);
}

/** The same of a decoded transaction, whose sender may be known. */
export function admitDecoded(
  execution: BlockExecution,
  transaction: EvmTransaction,
  hash: Hash32,
  sender?: Address,
): SignedTransaction {
  const signed = checkAdmission(execution, transaction, hash, sender);
  validateTransaction(execution, signed);
  return signed;
}

/** What does not depend on the state (the first part of shard_state.py __validate_tx). */
export function checkAdmission(
  execution: BlockExecution,
  transaction: EvmTransaction,
  hash: Hash32,
  sender?: Address,
): SignedTransaction {
  const crossShard = isCrossShard(transaction, execution.config.shardSizes);
  checkNetwork(execution, transaction);
  checkRoute(execution, transaction, crossShard);
  checkEnabled(execution, transaction);
  return {
    transaction,
    hash,
    sender: sender ?? senderOf(transaction),
    isCrossShard: crossShard,
    intrinsicGas: intrinsicGas(transaction, crossShard, execution.config.chain.rules.transaction),
  };
}

/** Checks a transaction against the state (pyquarkchain messages.py validate_transaction, in its order). */
export function validateTransaction(execution: BlockExecution, signed: SignedTransaction): void {
  const { transaction } = signed;
  if (transaction.version === EIP155_VERSION) checkEip155(execution, transaction);
  if (transaction.startGas > UINT128_MAX || transaction.gasPrice > UINT128_MAX) {
    refuse("NUMBER_TOO_LARGE", "start gas and gas price have at most 128 bits");
  }
  const nonce = execution.state.getNonce(signed.sender);
  if (transaction.nonce !== nonce) {
    refuse("WRONG_NONCE", `its nonce is ${transaction.nonce}, its sender's ${nonce}`);
  }
  if (transaction.startGas < signed.intrinsicGas) {
    refuse("INTRINSIC_GAS", `its start gas ${transaction.startGas} is below the ${signed.intrinsicGas} it needs`);
  }
  checkDataRules(execution, signed);
  checkBalances(execution, signed);
  checkNativeTokenGas(execution, transaction);
  const gasAfter = execution.gasUsed + transaction.startGas;
  const { depositsKeepTheirGas } = execution.config.chain.rules;
  const gasLimit = depositsKeepTheirGas ? execution.gasLimit : execution.headerGasLimit;
  if (gasAfter > gasLimit) {
    refuse("BLOCK_GAS_LIMIT", `with its start gas the block would use ${gasAfter} of ${gasLimit} gas`);
  }
}

function refuse(refusal: TransactionRefusal, explanation: string): never {
  throw new TransactionInvalidError(refusal, explanation);
}

function decode(typed: TypedTransaction): EvmTransaction {
  try {
    return typed instanceof KeptTransaction ? typed.decoded : decodeEvmTransaction(typed.rlp);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new TransactionInvalidError("MALFORMED", error.message, undefined, { cause: error });
  }
}

function senderOf(transaction: EvmTransaction): Address {
  return recoverSender(transaction) ?? refuse("INVALID_SIGNATURE", "nobody can have signed it");
}

function checkNetwork({ config }: BlockExecution, transaction: EvmTransaction): void {
  const expected = transaction.version === EIP155_VERSION ? config.ethChainId : config.networkId;
  if (transaction.networkId !== expected) {
    refuse("WRONG_NETWORK", `its network id is ${numberText(transaction.networkId)}, expected ${expected}`);
  }
}

function checkRoute(execution: BlockExecution, transaction: EvmTransaction, crossShard: boolean): void {
  const { config, reachableShards, xshardGasLimit } = execution;
  if (!isInShard(config.fullShardId, transaction.fromFullShardKey)) {
    refuse("WRONG_SHARD", `its sender's key ${transaction.fromFullShardKey} is not in shard ${config.fullShardId}`);
  }
  const target = targetFullShardId(transaction, config.shardSizes);
  if (target === undefined) {
    refuse("UNKNOWN_TARGET_CHAIN", `chain ${chainIdOf(transaction.toFullShardKey)} does not exist`);
  }
  if (!crossShard) return;
  if (!reachableShards.has(target)) {
    refuse("TARGET_NOT_REACHABLE", `shard ${target} does not exist yet or is no neighbour of ${config.fullShardId}`);
  }
  if (transaction.startGas > xshardGasLimit) {
    refuse(
      "XSHARD_GAS_LIMIT",
      `its start gas ${transaction.startGas} exceeds the ${xshardGasLimit} a deposit may have`,
    );
  }
}

function checkEnabled(execution: BlockExecution, transaction: EvmTransaction): void {
  const { config, block } = execution;
  const { hasSenderWhitelist } = config.chain.rules;
  if (hasSenderWhitelist && config.enableTxTimestamp !== null && block.timestamp < config.enableTxTimestamp) {
    const sender = senderOf(transaction);
    if (!config.txWhitelistSenders.has(bytesKey(sender))) {
      refuse("NOT_WHITELISTED", `0x${toHex(sender)} may not send before transactions are enabled`);
    }
  }
  if (!isEvmEnabled(execution) && (transaction.to === undefined || transaction.data.length !== 0)) {
    refuse("EVM_NOT_ENABLED", "it creates a contract or carries data before contracts are enabled");
  }
}

/** A transaction's network id and signature may be numbers of any length. */
function numberText(value: bigint): string {
  return value < WORD_LIMIT ? `${value}` : "a number of more than 256 bits";
}

/** The ids that version 2 also has to match are asserted on tuples there, which never fails (messages.py). */
function checkEip155({ config, block }: BlockExecution, transaction: EvmTransaction): void {
  const { enableEip155SignerTimestamp, chain } = config;
  if (enableEip155SignerTimestamp !== null && block.timestamp < enableEip155SignerTimestamp) {
    refuse("EIP155_NOT_ENABLED", "version 2 is not enabled yet");
  }
  const parity = transaction.v - 2n * transaction.networkId;
  if (parity !== 35n && parity !== 36n) {
    refuse("EIP155_WRONG_V", `its v ${numberText(transaction.v)} does not match network id ${transaction.networkId}`);
  }
  const { fromFullShardKey: from, toFullShardKey: to } = transaction;
  if (chainIdOf(from) !== chainIdOf(to) || ((from | to) & 0xffff) !== 0) {
    refuse("EIP155_CROSS_SHARD", `version 2 stays in one chain and has no shard keys, got ${from} and ${to}`);
  }
  if (transaction.gasTokenId !== chain.defaultChainToken || transaction.transferTokenId !== chain.defaultChainToken) {
    refuse("EIP155_TOKEN", `version 2 moves and pays only ${tokenIdDecode(chain.defaultChainToken)}`);
  }
}

/** What later rules ask of a transaction's data; QuarkChain's own ask nothing. */
function checkDataRules({ config }: BlockExecution, signed: SignedTransaction): void {
  const { transaction } = signed;
  const { maxInitCodeSize } = config.chain.rules;
  if (transaction.to === undefined && transaction.data.length > maxInitCodeSize) {
    refuse(
      "INIT_CODE_TOO_LONG",
      `its init code has ${transaction.data.length} bytes, at most ${maxInitCodeSize} may be`,
    );
  }
  const floor = floorOf(config.chain.rules, signed);
  if (transaction.startGas < floor) {
    refuse("INTRINSIC_GAS", `its start gas ${transaction.startGas} is below the ${floor} its data costs at least`);
  }
}

/**
 * Least gas that a transaction uses (EIP-7623), 0 without such a rule. What a cross-shard transaction uses becomes
 * known on another shard only, so it has none.
 */
export function floorOf({ transaction: prices }: Rules, { transaction, isCrossShard }: SignedTransaction): bigint {
  return prices.floorTokenGas === 0n || isCrossShard ? 0n : floorGas(transaction, prices.floorTokenGas);
}

function checkBalances({ state, config }: BlockExecution, { transaction, sender }: SignedTransaction): void {
  const { transferTokenId, gasTokenId } = transaction;
  const tokens = transferTokenId === gasTokenId ? [transferTokenId] : [transferTokenId, gasTokenId];
  const balances = tokens.map((tokenId) => state.getBalance(sender, tokenId));
  for (const [i, tokenId] of tokens.entries()) {
    if (tokenId !== config.chain.defaultChainToken && balances[i] === 0n) {
      refuse("TOKEN_WITHOUT_BALANCE", `its sender has no ${tokenIdDecode(tokenId)}`);
    }
  }
  for (const [i, tokenId] of tokens.entries()) {
    let cost = tokenId === transferTokenId ? transaction.value : 0n;
    if (tokenId === gasTokenId) cost += transaction.gasPrice * transaction.startGas;
    if (balances[i] < cost) {
      refuse("INSUFFICIENT_BALANCE", `its sender has ${balances[i]} ${tokenIdDecode(tokenId)} of the ${cost} it costs`);
    }
  }
}

/**
 * Tries the payment and takes it back. Accounts that it looked at first and token entries of zero stay behind, which
 * the state root shows.
 */
function checkNativeTokenGas(execution: BlockExecution, transaction: EvmTransaction): void {
  const { state, config } = execution;
  const { gasTokenId, gasPrice, startGas } = transaction;
  if (gasPrice === 0n || gasTokenId === config.chain.defaultChainToken) return;
  const snapshot = state.snapshot();
  const terms = payNativeTokenAsGas(execution, gasTokenId, startGas, gasPrice);
  state.revert(snapshot);
  if (terms.gasPrice === 0n) {
    refuse("GAS_TOKEN_NOT_READY", `gas cannot be paid in ${tokenIdDecode(gasTokenId)}`);
  }
  const reserve = state.getBalance(GENERAL_NATIVE_TOKEN_CONTRACT, config.genesisToken);
  if (reserve < terms.gasPrice * startGas) {
    refuse("GAS_TOKEN_RESERVE", `the reserve of ${tokenIdDecode(gasTokenId)} holds only ${reserve}`);
  }
}
