import type { MinorBlock } from "../chain/minor-block.ts";
import { asHash32, EMPTY_BYTES, type Hash32, utf8, ZERO_HASH } from "../codec/bytes.ts";
import { EMPTY_QKC_ADDRESS, type QkcAddress } from "../codec/wire.ts";

export function hashOf(n: number): Hash32 {
  return asHash32(new Uint8Array(32).fill(n));
}

export interface MinedBlockFields {
  readonly prev: Hash32;
  readonly height: number;
  /** Seconds since 1970. */
  readonly createTime: number;
  readonly coinbase?: QkcAddress;
  readonly gasUsed?: bigint;
  readonly difficulty?: bigint;
}

/** A block as a template has it; nothing of it is executed. */
export function minedBlock({ prev, height, createTime, coinbase, gasUsed, difficulty }: MinedBlockFields): MinorBlock {
  return {
    header: {
      version: 0,
      branch: 1,
      height,
      coinbaseAddress: coinbase ?? EMPTY_QKC_ADDRESS,
      coinbaseAmounts: new Map(),
      prevMinorBlockHash: prev,
      prevRootBlockHash: ZERO_HASH,
      gasLimit: 1000n,
      metaHash: ZERO_HASH,
      createTime,
      difficulty: difficulty ?? 5n,
      nonce: 0n,
      bloom: new Uint8Array(256),
      extraData: EMPTY_BYTES,
      mixhash: ZERO_HASH,
    },
    meta: {
      merkleRoot: ZERO_HASH,
      stateRoot: ZERO_HASH,
      receiptRoot: ZERO_HASH,
      gasUsed: gasUsed ?? 0n,
      xshardReceiveGasUsed: 0n,
      xshardCursor: { rootBlockHeight: 0, minorBlockIndex: 0, xshardDepositIndex: 0 },
      xshardGasLimit: 0n,
    },
    transactions: [],
    trackingData: utf8('{"inception": 1, "cluster": "c", "creation_ms": 2}'),
  };
}
