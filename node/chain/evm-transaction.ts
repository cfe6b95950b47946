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
import { type RlpSpan, type RlpValue, rlpEncode, rlpSpan, uintFromPayload } from "../codec/rlp.ts";
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
const WORD_LIMIT = 1n << 256n;

const TRANSACTION_GAS = 21000n;
/** What the target shard charges for a deposit (pyquarkchain quarkchain/evm/opcodes.py GTXXSHARDCOST). */
export const XSHARD_GAS = 9000n;

/** Throws CodecError on everything that pyrlp and the constructor of Transaction refuse ("Values way too high!"). */
export function decodeEvmTransaction(rlp: Uint8Array): EvmTransaction {
  const spans = fieldSpans(rlp);
  const uint = (index: number, what: string) => uintField(rlp, spans[index], `transaction ${what}`);
  const transaction: EvmTransaction = {
    nonce: uint(0, "nonce"),
    gasPrice: uint(1, "gas price"),
    startGas: uint(2, "start gas"),
    to: recipientField(rlp, spans[3]),
    value: uint(4, "value"),
    data: stringField(rlp, spans[5], "transaction data"),
    networkId: uint(6, "network id"),
    fromFullShardKey: shardKeyField(rlp, spans[7], "transaction from full shard key"),
    toFullShardKey: shardKeyField(rlp, spans[8], "transaction to full shard key"),
    gasTokenId: uint(9, "gas token"),
    transferTokenId: uint(10, "transfer token"),
    version: uint(11, "version"),
    v: uint(12, "v"),
    r: uint(13, "r"),
    s: uint(14, "s"),
  };
  checkMagnitudes(transaction);
  return transaction;
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
  if (transaction.version === 0n) return keccak256(rlpEncode(signedFields(transaction)));
  if (transaction.version === 1n) return typedDataHash(transaction);
  if (transaction.version === 2n) return eip155Hash(transaction);
  return undefined;
}

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
  const words = [transaction.gasPrice, transaction.startGas, transaction.value, transaction.nonce, transaction.version];
  if (words.some((word) => word >= WORD_LIMIT)) throw new CodecError("transaction: a number exceeds 256 bits");
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
