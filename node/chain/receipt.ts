import { type Address, bigIntToMinimalBytes, EMPTY_BYTES, uint32ToBytes } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { type RlpValue, rlpEncode } from "../codec/rlp.ts";

/** A log entry; topics have 32 bytes each. */
export interface Log {
  readonly address: Address;
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

/** Consensus receipt (pyquarkchain quarkchain/evm/messages.py Receipt). */
export interface Receipt {
  readonly success: boolean;
  /** Gas of the block up to and including this one, deposits included. */
  readonly cumulativeGasUsed: bigint;
  readonly bloom: Uint8Array;
  readonly logs: readonly Log[];
  /** Address of the created contract, empty otherwise. */
  readonly contractAddress: Uint8Array;
  /** Always the key in force, also where nothing was created. */
  readonly contractFullShardKey: number;
}

const SUCCESS = Uint8Array.of(1);
const BLOOM_BYTES = 256;
/** Of most receipts: nobody writes to it. */
const NO_BITS = new Uint8Array(BLOOM_BYTES);

/** RLP that the receipt trie stores. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const logs: RlpValue[] = receipt.logs.map((log) => [log.address, log.topics, log.data]);
  return rlpEncode([
    receipt.success ? SUCCESS : EMPTY_BYTES,
    bigIntToMinimalBytes(receipt.cumulativeGasUsed),
    receipt.bloom,
    logs,
    receipt.contractAddress,
    uint32ToBytes(receipt.contractFullShardKey),
  ]);
}

/** 2048-bit filter over addresses and topics; three 11-bit points a value (pyquarkchain quarkchain/evm/bloom.py). */
export function logsBloom(logs: readonly Log[]): Uint8Array {
  if (logs.length === 0) return NO_BITS;
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const log of logs) {
    insertIntoBloom(bloom, log.address);
    for (const topic of log.topics) insertIntoBloom(bloom, topic);
  }
  return bloom;
}

/** Adds the bits of `other` to `bloom`. */
export function mergeBloom(bloom: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < BLOOM_BYTES; i++) bloom[i] |= other[i];
}

function insertIntoBloom(bloom: Uint8Array, value: Uint8Array): void {
  const hash = keccak256(value);
  for (let i = 0; i < 6; i += 2) {
    const bit = ((hash[i] << 8) | hash[i + 1]) & 2047;
    bloom[BLOOM_BYTES - 1 - (bit >> 3)] |= 1 << (bit & 7);
  }
}
