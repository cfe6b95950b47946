import { type EvmTransaction, intrinsicGas } from "../../node/chain/evm-transaction.ts";
import { type Address, addressFromHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import type { AccessListEntry } from "../../node/el/evm/context.ts";
import { delegateOf } from "../../node/el/evm/delegation.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import { NONCE_LIMIT } from "../../node/el/evm/system-instructions.ts";
import type { BlockExecution } from "../../node/el/transactions/block-execution.ts";
import { runMessage } from "../../node/el/transactions/run-message.ts";
import {
  floorOf,
  type SignedTransaction,
  validateTransaction,
} from "../../node/el/transactions/validate-transaction.ts";
import { QKC_TOKEN } from "./accounts.ts";
import { AUTHORIZATION_GAS, applyAuthorizations } from "./authorizations.ts";
import type { TransactionForms } from "./forks.ts";
import type { Authorization, ExpectedResult, TestTransaction } from "./format.ts";

const BLOB_GAS = 1n << 17n;
const BLOB_HASH_VERSION = 1;
const ACCESS_LIST_ADDRESS_GAS = 2400n;
const ACCESS_LIST_SLOT_GAS = 1900n;
const GAS_LIMIT = 1n << 64n;
const WORD_LIMIT = 1n << 256n;

/** One of a test's transactions: QuarkChain's part of it, and what the forms of Ethereum have around. */
export interface TestedTransaction {
  /** Its gas price is the most that its sender pays. */
  readonly signed: SignedTransaction;
  readonly accessList: readonly AccessListEntry[] | undefined;
  /** Undefined: the gas price, whatever the base fee. */
  readonly mostTip: bigint | undefined;
  readonly blobs: { readonly hashes: readonly Uint8Array[]; readonly mostPrice: bigint } | undefined;
  readonly authorizations: readonly Authorization[] | undefined;
}

/** The alternatives of a test that a result is of. Throws RangeError where there is no such one. */
export function chooseTransaction(
  fields: TestTransaction,
  indexes: ExpectedResult["indexes"],
  rules: Rules,
): TestedTransaction {
  const transaction: EvmTransaction = {
    nonce: fields.nonce,
    gasPrice: fields.gasPrice ?? fields.maxFeePerGas ?? 0n,
    startGas: chosen(fields.gasLimit, indexes.gas),
    to: fields.to === "" ? undefined : addressFromHex(fields.to),
    value: chosen(fields.value, indexes.value),
    data: chosen(fields.data, indexes.data),
    networkId: 1n,
    fromFullShardKey: 0,
    toFullShardKey: 0,
    gasTokenId: QKC_TOKEN,
    transferTokenId:
      fields.transferTokenId === undefined ? QKC_TOKEN : chosen(fields.transferTokenId, indexes.transferTokenId ?? 0),
    version: 0n,
    v: 0n,
    r: 0n,
    s: 0n,
  };
  const accessList = fields.accessLists?.at(indexes.data)?.map(({ address, storageKeys }) => ({
    address,
    slots: storageKeys,
  }));
  const authorizations = fields.authorizationList;
  const gas =
    intrinsicGas(transaction, false, rules.transaction) +
    accessListGas(accessList ?? []) +
    AUTHORIZATION_GAS * BigInt(authorizations?.length ?? 0);
  return {
    signed: { transaction, hash: ZERO_HASH, sender: fields.sender, isCrossShard: false, intrinsicGas: gas },
    accessList,
    mostTip: fields.gasPrice === undefined ? (fields.maxPriorityFeePerGas ?? 0n) : undefined,
    blobs:
      fields.blobVersionedHashes === undefined && fields.maxFeePerBlobGas === undefined
        ? undefined
        : { hashes: fields.blobVersionedHashes ?? [], mostPrice: fields.maxFeePerBlobGas ?? 0n },
    authorizations,
  };
}

function chosen<T>(alternatives: readonly T[], index: number): T {
  if (index >= alternatives.length) throw new RangeError(`alternative ${index} of ${alternatives.length} was expected`);
  return alternatives[index];
}

function accessListGas(list: readonly AccessListEntry[]): bigint {
  return list.reduce(
    (sum, { slots }) => sum + ACCESS_LIST_ADDRESS_GAS + ACCESS_LIST_SLOT_GAS * BigInt(slots.length),
    0n,
  );
}

/**
 * Why Ethereum's rules around a transaction refuse it, as far as QuarkChain's validation has no such rule; undefined
 * where they do not.
 */
export function formRefusal(
  { state, block }: BlockExecution,
  { signed, accessList, mostTip, blobs, authorizations }: TestedTransaction,
  forms: TransactionForms,
): string | undefined {
  const { transaction, sender } = signed;
  if (accessList !== undefined && !forms.accessLists) return "this fork has no access lists";
  if (mostTip !== undefined && !forms.feeMarket) return "this fork has no fee market";
  if (authorizations !== undefined && !forms.authorizations) return "this fork has no authorizations";
  if (transaction.startGas >= GAS_LIMIT || transaction.value >= WORD_LIMIT || transaction.gasPrice >= WORD_LIMIT) {
    return "a number is too large";
  }
  if (transaction.nonce >= NONCE_LIMIT) return "its nonce is the last";
  if (forms.sendersHaveNoCode && isContract(state.getCode(sender))) return "its sender is a contract";
  if (transaction.startGas > (forms.mostGas ?? transaction.startGas)) return "it may have no more gas than 2^24";
  if ((mostTip ?? 0n) > transaction.gasPrice) return "its tip exceeds its price";
  if (forms.feeMarket && transaction.gasPrice < (block.baseFee ?? 0n)) return "its price is below the base fee";
  if (authorizations?.length === 0) return "its list of authorizations is empty";
  if (transaction.to === undefined && (authorizations ?? blobs) !== undefined) return "its form creates no contracts";
  return blobs === undefined ? undefined : blobRefusal(blobs, block.blobBaseFee ?? 1n, forms);
}

function isContract(code: Uint8Array): boolean {
  return code.length > 0 && delegateOf(code) === undefined;
}

function blobRefusal(
  { hashes, mostPrice }: NonNullable<TestedTransaction["blobs"]>,
  price: bigint,
  forms: TransactionForms,
): string | undefined {
  if (forms.blobs === undefined) return "this fork has no blobs";
  if (hashes.length === 0) return "it has no blobs";
  if (hashes.length > forms.blobs.mostPerTransaction) return "it has too many blobs";
  if (hashes.some((hash) => hash.length !== 32 || hash[0] !== BLOB_HASH_VERSION)) return "a blob's hash has no version";
  return mostPrice < price ? "blobs cost more than it pays" : undefined;
}

/**
 * Executes a transaction whose contracts get plain Ethereum addresses (transactions.py `is_testing`). Throws
 * TransactionInvalidError. `chainId` is that of authorizations.
 */
export function applyAsEthereum(execution: BlockExecution, tested: TestedTransaction, chainId: bigint): void {
  const { signed, accessList = [], blobs } = tested;
  const { transaction, sender } = signed;
  const { state, block, config } = execution;
  const blobFee = (blob: bigint) => BLOB_GAS * BigInt(blobs?.hashes.length ?? 0) * blob;
  validateTransaction(execution, withBlobCost(signed, blobFee(blobs?.mostPrice ?? 0n)));
  state.incrementNonce(sender);
  const burnt = block.baseFee ?? 0n;
  const gasPrice = paidPrice(transaction.gasPrice, tested.mostTip, burnt);
  state.addBalance(sender, QKC_TOKEN, -transaction.startGas * gasPrice - blobFee(block.blobBaseFee ?? 1n));
  const { refund, authorities } = applyAuthorizations(state, chainId, tested.authorizations ?? []);
  const message = {
    sender,
    to: transaction.to,
    createsAtRecipient: false,
    value: transaction.value,
    transferTokenId: transaction.transferTokenId,
    data: transaction.data,
    toFullShardKey: undefined,
    gas: transaction.startGas - signed.intrinsicGas,
    gasUsedBefore: signed.intrinsicGas,
    leastGasUsed: floorOf(config.chain.rules, signed),
    terms: { gasPrice, refundRate: 100n, burnt },
    refundInAnyCase: refund,
    extras: { accessList: [...accessList, ...authorities.map(withoutSlots)], blobHashes: blobs?.hashes ?? [] },
  };
  runMessage(execution, message, execution.receipts);
}

/** What QuarkChain's validation looks at, its value such that the sender's balance has to cover blobs as well. */
function withBlobCost(signed: SignedTransaction, cost: bigint): SignedTransaction {
  if (cost === 0n) return signed;
  const { transaction } = signed;
  return { ...signed, transaction: { ...transaction, value: transaction.value + cost } };
}

function paidPrice(most: bigint, mostTip: bigint | undefined, baseFee: bigint): bigint {
  if (mostTip === undefined || baseFee + mostTip > most) return most;
  return baseFee + mostTip;
}

function withoutSlots(address: Address): AccessListEntry {
  return { address, slots: [] };
}
