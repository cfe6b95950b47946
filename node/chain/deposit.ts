import { bytesEqual, EMPTY_BYTES, type Hash32 } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import {
  type QkcAddress,
  readQkcAddress,
  sameQkcAddress,
  WireReader,
  WireWriter,
  writeQkcAddress,
} from "../codec/wire.ts";

/** A cross-shard transaction as the destination shard receives it (core.py CrossShardTransactionDeposit). */
export interface CrossShardDeposit {
  /** Hash of the transaction at the source, or of the root block for its coinbase. */
  readonly txHash: Hash32;
  readonly from: QkcAddress;
  readonly to: QkcAddress;
  readonly value: bigint;
  /** In the genesis token. */
  readonly gasPrice: bigint;
  readonly gasTokenId: bigint;
  readonly transferTokenId: bigint;
  readonly gasRemained: bigint;
  readonly messageData: Uint8Array;
  readonly createContract: boolean;
  readonly isFromRootChain: boolean;
  /** Percent of the left-over gas that the sender gets back. */
  readonly refundRate: number;
}

/** A stored list: version −1 is the oldest layout, without gas and data; 0 lacks the refund rate. */
export interface CrossShardDepositList {
  readonly version: -1 | 0 | 1;
  readonly deposits: readonly CrossShardDeposit[];
}

const DEPRECATED_DEPOSIT_BYTES = 32 + 24 * 2 + 32 * 2 + 8 * 2 + 1;
const V0_MINIMUM_BYTES = DEPRECATED_DEPOSIT_BYTES + 32 + 4 + 1;

/** Decodes a row or message; the version is told from the length (core.py CrossShardTransactionList.from_data). */
export function decodeDepositList(bytes: Uint8Array): CrossShardDepositList {
  const version = depositListVersion(bytes);
  const reader = new WireReader(bytes);
  if (version === -1) {
    const deposits = reader.list32("deposit list", DEPRECATED_DEPOSIT_BYTES, readDeprecatedDeposit);
    // pyquarkchain ignores what follows an empty list: its own writer puts the version there.
    if (deposits.length !== 0) reader.expectEnd("deposit list");
    return { version, deposits };
  }
  const readItem = version === 0 ? readV0Deposit : readDeposit;
  const deposits = reader.list32("deposit list", version === 0 ? V0_MINIMUM_BYTES : V0_MINIMUM_BYTES + 1, readItem);
  reader.uint32("deposit list version");
  reader.expectEnd("deposit list");
  return { version, deposits };
}

/**
 * A list in a message: always the newest layout with its version behind it, which nobody looks at (core.py
 * CrossShardTransactionList has the list's form told by what follows it in rows only).
 */
export function readDepositList(reader: WireReader): readonly CrossShardDeposit[] {
  const deposits = reader.list32("deposit list", V0_MINIMUM_BYTES + 1, readDeposit);
  reader.uint32("deposit list version");
  return deposits;
}

/** Always writes version 1, as pyquarkchain does. */
export function writeDepositList(writer: WireWriter, deposits: readonly CrossShardDeposit[]): void {
  writer.list32(deposits, writeDeposit).uint32(1);
}

export function encodeDepositList(deposits: readonly CrossShardDeposit[]): Uint8Array {
  const writer = new WireWriter(256 * (deposits.length + 1));
  writeDepositList(writer, deposits);
  return writer.finish();
}

/** Whether nothing in which they could be told apart differs; nothing is encoded for it. */
export function isSameDeposit(a: CrossShardDeposit, b: CrossShardDeposit): boolean {
  return (
    bytesEqual(a.txHash, b.txHash) &&
    sameQkcAddress(a.from, b.from) &&
    sameQkcAddress(a.to, b.to) &&
    a.value === b.value &&
    a.gasPrice === b.gasPrice &&
    a.gasTokenId === b.gasTokenId &&
    a.transferTokenId === b.transferTokenId &&
    a.gasRemained === b.gasRemained &&
    bytesEqual(a.messageData, b.messageData) &&
    a.createContract === b.createContract &&
    a.isFromRootChain === b.isFromRootChain &&
    a.refundRate === b.refundRate
  );
}

function depositListVersion(bytes: Uint8Array): -1 | 0 | 1 {
  const count = new WireReader(bytes).uint32("deposit list count");
  if (count === 0 || bytes.length - 4 === DEPRECATED_DEPOSIT_BYTES * count) return -1;
  const version = new WireReader(bytes, Math.max(0, bytes.length - 4)).uint32("deposit list version");
  if (version !== 0 && version !== 1) throw new CodecError(`deposit list version ${version} does not exist`);
  return version;
}

function readDeprecatedDeposit(reader: WireReader): CrossShardDeposit {
  return {
    ...readDepositTransfer(reader),
    isFromRootChain: reader.boolean("deposit root chain flag"),
    gasRemained: 0n,
    messageData: EMPTY_BYTES,
    createContract: false,
    refundRate: 100,
  };
}

function readV0Deposit(reader: WireReader): CrossShardDeposit {
  return {
    ...readDepositTransfer(reader),
    gasRemained: reader.uint256("deposit gas remained"),
    messageData: reader.bytes32("deposit data"),
    createContract: reader.boolean("deposit create flag"),
    isFromRootChain: reader.boolean("deposit root chain flag"),
    refundRate: 100,
  };
}

function readDeposit(reader: WireReader): CrossShardDeposit {
  return { ...readV0Deposit(reader), refundRate: reader.uint8("deposit refund rate") };
}

/** The fields that a deposit begins with, in every layout of every client. */
export function readDepositTransfer(reader: WireReader) {
  return {
    txHash: reader.hash32("deposit transaction hash"),
    from: readQkcAddress(reader, "deposit sender"),
    to: readQkcAddress(reader, "deposit recipient"),
    value: reader.uint256("deposit value"),
    gasPrice: reader.uint256("deposit gas price"),
    gasTokenId: reader.uint64("deposit gas token"),
    transferTokenId: reader.uint64("deposit transfer token"),
  };
}

/** Layout of version 1. */
function writeDeposit(writer: WireWriter, deposit: CrossShardDeposit): void {
  writer.raw(deposit.txHash);
  writeQkcAddress(writer, deposit.from);
  writeQkcAddress(writer, deposit.to);
  writer.uint256(deposit.value).uint256(deposit.gasPrice);
  writer.uint64(deposit.gasTokenId).uint64(deposit.transferTokenId);
  writer.uint256(deposit.gasRemained).bytes32(deposit.messageData);
  writer.boolean(deposit.createContract).boolean(deposit.isFromRootChain).uint8(deposit.refundRate);
}
