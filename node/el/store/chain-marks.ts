import { asHash32, bytesToBigInt, concatBytes, type Hash32, uint32ToBytes, ZERO_HASH } from "../../codec/bytes.ts";

/** The three blocks that consensus points at; zero hash: none yet. */
export interface Forkchoice {
  readonly head: Hash32;
  readonly safe: Hash32;
  readonly finalized: Hash32;
}

/** Where a transaction, or a deposit by its transaction's hash, lies in the canonical chain. */
export interface TransactionPlace {
  readonly kind: "transaction" | "deposit";
  readonly blockHash: Hash32;
  /** Among those of its kind in the block. */
  readonly index: number;
}

export const NO_FORKCHOICE: Forkchoice = { head: ZERO_HASH, safe: ZERO_HASH, finalized: ZERO_HASH };
const PLACE_KINDS = ["transaction", "deposit"] as const;

export function writePlace({ kind, blockHash, index }: TransactionPlace): Uint8Array {
  return concatBytes(Uint8Array.of(PLACE_KINDS.indexOf(kind)), blockHash, uint32ToBytes(index));
}

export function readPlace(row: Uint8Array): TransactionPlace {
  const index = Number(bytesToBigInt(row.subarray(33)));
  return { kind: PLACE_KINDS[row[0]], blockHash: asHash32(row.slice(1, 33)), index };
}

export function writeForkchoice({ head, safe, finalized }: Forkchoice): Uint8Array {
  return concatBytes(head, safe, finalized);
}

export function readForkchoice(row: Uint8Array): Forkchoice {
  return {
    head: asHash32(row.slice(0, 32)),
    safe: asHash32(row.slice(32, 64)),
    finalized: asHash32(row.slice(64, 96)),
  };
}
