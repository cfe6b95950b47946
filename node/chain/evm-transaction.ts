import {
  type Address,
  asAddress,
  asHash32,
  bigIntToBytes,
  bigIntToMinimalBytes,
  bytesToBigInt,
  EMPTY_BYTES,
  type Hash32,
  uint32ToBytes,
  utf8,
} from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { keccak256 } from "../codec/keccak.ts";
import { type RlpSpan, type RlpValue, rlpEncode, rlpSpan, uintFromPayload, writeListHeader } from "../codec/rlp.ts";
import { TOKEN_ID_MAX } from "../codec/token-id.ts";
import { chainIdOf, fullShardIdOfKey } from "./shard-id.ts";

/** The transaction inside the wrapper: 15 fields (pyquarkchain quarkchain/evm/transactions.py Transaction). */
export interface EvmTransaction {
  readonly nonce: bigint;
  /** In the gas token. */
  readonly gasPrice: bigint;
  readonly startGas: bigint;
  /** Undefined creates a contract. */
  readonly to: Address | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly networkId: bigint;
  readonly fromFullShardKey: number;
  readonly toFullShardKey: number;
  readonly gasTokenId: bigint;
  readonly transferTokenId: bigint;
  /** How it is signed: 0 the list of its fields, 1 typed data, 2 EIP-155. Nothing refuses others when decoding. */
  readonly version: bigint;
  readonly v: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** Number of shards by chain id. */
export type ShardSizes = ReadonlyMap<number, number>;

const FIELDS = 15;
/** First byte of a list of 55 bytes; behind those of longer ones comes the length. */
const LONGEST_SHORT_LIST = 0xf7;
/** All but version and signature. */
const SIGNED_FIELDS = 11;
const WORD_LIMIT = 1n << 256n;

const TRANSACTION_GAS = 21000n;
/** What the target shard charges for a deposit (pyquarkchain quarkchain/evm/opcodes.py GTXXSHARDCOST). */
export const XSHARD_GAS = 9000n;

/** Throws CodecError on everything that pyrlp and the constructor of Transaction refuse ("Values way too high!"). */
export function decodeEvmTransaction(rlp: Uint8Array): EvmTransaction {
  const transaction = new DecodedTransaction(rlp, fieldSpans(rlp));
  checkMagnitudes(transaction);
  return transaction;
}

/** A transaction that knows the bytes it was read from: what is signed is hashed as it stands there. */
class DecodedTransaction implements EvmTransaction {
  readonly nonce: bigint;
  readonly gasPrice: bigint;
  readonly startGas: bigint;
  readonly to: Address | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly networkId: bigint;
  readonly fromFullShardKey: number;
  readonly toFullShardKey: number;
  readonly gasTokenId: bigint;
  readonly transferTokenId: bigint;
  readonly version: bigint;
  readonly v: bigint;
  readonly r: bigint;
  readonly s: bigint;
  readonly #signedBytes: Uint8Array | undefined;

  constructor(rlp: Uint8Array, spans: readonly RlpSpan[]) {
    this.nonce = uintField(rlp, spans[0], "transaction nonce");
    this.gasPrice = uintField(rlp, spans[1], "transaction gas price");
    this.startGas = uintField(rlp, spans[2], "transaction start gas");
    this.to = recipientField(rlp, spans[3]);
    this.value = uintField(rlp, spans[4], "transaction value");
    this.data = stringField(rlp, spans[5], "transaction data");
    this.networkId = uintField(rlp, spans[6], "transaction network id");
    this.fromFullShardKey = shardKeyField(rlp, spans[7], "transaction from full shard key");
    this.toFullShardKey = shardKeyField(rlp, spans[8], "transaction to full shard key");
    this.gasTokenId = uintField(rlp, spans[9], "transaction gas token");
    this.transferTokenId = uintField(rlp, spans[10], "transaction transfer token");
    this.version = uintField(rlp, spans[11], "transaction version");
    this.v = uintField(rlp, spans[12], "transaction v");
    this.r = uintField(rlp, spans[13], "transaction r");
    this.s = uintField(rlp, spans[14], "transaction s");
    // Everything else has one encoding only; what reads a list as 0 writes it as a string.
    const isCanonical = !spans.some(({ isList }) => isList);
    this.#signedBytes = isCanonical ? rlp.subarray(listStart(rlp), spans[SIGNED_FIELDS - 1].end) : undefined;
  }

  /** The fields that are signed, as RLP items; undefined where another writer's bytes would differ. */
  static signedBytes(transaction: EvmTransaction): Uint8Array | undefined {
    return #signedBytes in transaction ? transaction.#signedBytes : undefined;
  }
}

export function encodeEvmTransaction(transaction: EvmTransaction): Uint8Array {
  return rlpEncode([
    ...signedFields(transaction),
    bigIntToMinimalBytes(transaction.version),
    bigIntToMinimalBytes(transaction.v),
    bigIntToMinimalBytes(transaction.r),
    bigIntToMinimalBytes(transaction.s),
  ]);
}

/** What the signature covers; undefined for a version that does not exist. */
export function signingHash(transaction: EvmTransaction): Hash32 | undefined {
  if (transaction.version === 0n) return listHash(transaction);
  if (transaction.version === 1n) return typedDataHash(transaction);
  if (transaction.version === 2n) return eip155Hash(transaction);
  return undefined;
}

function listHash(transaction: EvmTransaction): Hash32 {
  const bytes = DecodedTransaction.signedBytes(transaction);
  if (bytes === undefined) return keccak256(rlpEncode(signedFields(transaction)));
  const header = headerScratch.subarray(0, writeListHeader(headerScratch, 0, bytes.length));
  return keccak256(header, bytes);
}

const headerScratch = new Uint8Array(9);

/** Different chain or different shard of the chain; the rest of the keys does not matter. */
export function isCrossShard(transaction: EvmTransaction, shardSizes: ShardSizes): boolean {
  const chainId = chainIdOf(transaction.fromFullShardKey);
  if (chainId !== chainIdOf(transaction.toFullShardKey)) return true;
  const size = shardSizes.get(chainId);
  if (size === undefined) return false;
  return ((transaction.fromFullShardKey ^ transaction.toFullShardKey) & (size - 1)) !== 0;
}

/** Shard that the transaction goes to; undefined when its chain does not exist. */
export function targetFullShardId(transaction: EvmTransaction, shardSizes: ShardSizes): number | undefined {
  const size = shardSizes.get(chainIdOf(transaction.toFullShardKey));
  return size === undefined ? undefined : fullShardIdOfKey(transaction.toFullShardKey, size);
}

/** What a transaction costs before anything runs. */
export interface IntrinsicPrices {
  readonly transactionGas: bigint;
  /** On top for an empty recipient. */
  readonly creationGas: bigint;
  readonly zeroByteGas: bigint;
  readonly nonZeroByteGas: bigint;
  /** Per word of 32 bytes of a creation's data. */
  readonly initCodeWordGas: bigint;
}

/** pyquarkchain's (quarkchain/evm/opcodes.py). */
export const INTRINSIC_PRICES: IntrinsicPrices = {
  transactionGas: TRANSACTION_GAS,
  creationGas: 32000n,
  zeroByteGas: 4n,
  nonZeroByteGas: 68n,
  initCodeWordGas: 0n,
};

/** Gas that is used before anything runs (transactions.py intrinsic_gas_used). */
export function intrinsicGas(
  transaction: EvmTransaction,
  crossShard: boolean,
  prices: IntrinsicPrices = INTRINSIC_PRICES,
): bigint {
  const { length } = transaction.data;
  const zeros = countZeros(transaction.data);
  let gas = prices.transactionGas + prices.zeroByteGas * BigInt(zeros) + prices.nonZeroByteGas * BigInt(length - zeros);
  if (transaction.to === undefined) gas += prices.creationGas + prices.initCodeWordGas * BigInt(Math.ceil(length / 32));
  if (crossShard) gas += XSHARD_GAS;
  return gas;
}

/** Least gas a transaction uses where its data has a least price: zero bytes are one token, others four (EIP-7623). */
export function floorGas(transaction: EvmTransaction, tokenGas: bigint): bigint {
  const zeros = countZeros(transaction.data);
  return TRANSACTION_GAS + tokenGas * BigInt(zeros + 4 * (transaction.data.length - zeros));
}

function countZeros(data: Uint8Array): number {
  let zeros = 0;
  for (const byte of data) if (byte === 0) zeros++;
  return zeros;
}

function fieldSpans(rlp: Uint8Array): RlpSpan[] {
  const list = rlpSpan(rlp, 0, rlp.length);
  if (!list.isList) throw new CodecError("transaction: an rlp list was expected");
  if (list.end !== rlp.length) throw new CodecError(`transaction: ${rlp.length - list.end} bytes behind the rlp list`);
  const spans: RlpSpan[] = [];
  for (let at = list.start; at < list.end; ) {
    const span = rlpSpan(rlp, at, list.end);
    spans.push(span);
    at = span.end;
  }
  if (spans.length !== FIELDS) throw new CodecError(`transaction: ${FIELDS} fields were expected, got ${spans.length}`);
  return spans;
}

/** Where the items of the list begin that fills `rlp`. */
function listStart(rlp: Uint8Array): number {
  return rlp[0] > LONGEST_SHORT_LIST ? 1 + rlp[0] - LONGEST_SHORT_LIST : 1;
}

/**
 * An empty list reads as 0: pyrlp's BigEndianInt.deserialize asks neither for bytes nor for anything but emptiness.
 */
function uintField(rlp: Uint8Array, span: RlpSpan, what: string): bigint {
  if (span.isList && span.start !== span.end) throw new CodecError(`${what}: a number was expected, got a list`);
  return uintFromPayload(rlp.subarray(span.start, span.end), what);
}

function stringField(rlp: Uint8Array, span: RlpSpan, what: string): Uint8Array {
  if (span.isList) throw new CodecError(`${what}: bytes were expected, got a list`);
  return rlp.subarray(span.start, span.end);
}

function shardKeyField(rlp: Uint8Array, span: RlpSpan, what: string): number {
  const bytes = stringField(rlp, span, what);
  if (bytes.length !== 4) throw new CodecError(`${what}: 4 bytes were expected, got ${bytes.length}`);
  return Number(bytesToBigInt(bytes));
}

function recipientField(rlp: Uint8Array, span: RlpSpan): Address | undefined {
  const bytes = stringField(rlp, span, "transaction recipient");
  return bytes.length === 0 ? undefined : asAddress(bytes);
}

function checkMagnitudes(transaction: EvmTransaction): void {
  const { gasPrice, startGas, value, nonce, version } = transaction;
  if (
    gasPrice >= WORD_LIMIT ||
    startGas >= WORD_LIMIT ||
    value >= WORD_LIMIT ||
    nonce >= WORD_LIMIT ||
    version >= WORD_LIMIT
  ) {
    throw new CodecError("transaction: a number exceeds 256 bits");
  }
  if (transaction.gasTokenId > TOKEN_ID_MAX || transaction.transferTokenId > TOKEN_ID_MAX) {
    throw new CodecError(`transaction: a token id exceeds ${TOKEN_ID_MAX}`);
  }
}

function signedFields(transaction: EvmTransaction): RlpValue[] {
  return [
    bigIntToMinimalBytes(transaction.nonce),
    bigIntToMinimalBytes(transaction.gasPrice),
    bigIntToMinimalBytes(transaction.startGas),
    transaction.to ?? EMPTY_BYTES,
    bigIntToMinimalBytes(transaction.value),
    transaction.data,
    bigIntToMinimalBytes(transaction.networkId),
    uint32ToBytes(transaction.fromFullShardKey),
    uint32ToBytes(transaction.toFullShardKey),
    bigIntToMinimalBytes(transaction.gasTokenId),
    bigIntToMinimalBytes(transaction.transferTokenId),
  ];
}

function eip155Hash(transaction: EvmTransaction): Hash32 {
  return keccak256(rlpEncode([...signedFields(transaction).slice(0, 7), EMPTY_BYTES, EMPTY_BYTES]));
}

const TYPED_DATA_SCHEMA = keccak256(
  utf8(
    [
      "uint256 nonce",
      "uint256 gasPrice",
      "uint256 gasLimit",
      "uint160 to",
      "uint256 value",
      "bytes data",
      "uint256 networkId",
      "uint32 fromFullShardKey",
      "uint32 toFullShardKey",
      "uint64 gasTokenId",
      "uint64 transferTokenId",
      "string qkcDomain",
    ].join(""),
  ),
);
const TYPED_DATA_DOMAIN = utf8("bottom-quark");

/** Two keccaks over tightly packed names and values (pyquarkchain quarkchain/evm/solidity_abi_utils.py). */
function typedDataHash(transaction: EvmTransaction): Hash32 | undefined {
  if (transaction.networkId >= WORD_LIMIT) return undefined;
  const values = keccak256(
    bigIntToBytes(transaction.nonce, 32),
    bigIntToBytes(transaction.gasPrice, 32),
    bigIntToBytes(transaction.startGas, 32),
    transaction.to ?? new Uint8Array(20),
    bigIntToBytes(transaction.value, 32),
    transaction.data,
    bigIntToBytes(transaction.networkId, 32),
    uint32ToBytes(transaction.fromFullShardKey),
    uint32ToBytes(transaction.toFullShardKey),
    bigIntToBytes(transaction.gasTokenId, 8),
    bigIntToBytes(transaction.transferTokenId, 8),
    TYPED_DATA_DOMAIN,
  );
  return asHash32(keccak256(TYPED_DATA_SCHEMA, values));
}
