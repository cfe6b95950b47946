import { concatBytes, uint32ToBytes } from "../../node/codec/bytes.ts";

/** What follows prefix and address in a key of a history: 0 is a deposit, 1 a transaction (shard_db_operator.py). */
export function historySuffix(height: number, isDeposit: boolean, index: number): Uint8Array {
  return concatBytes(uint32ToBytes(height), Uint8Array.of(isDeposit ? 0 : 1), uint32ToBytes(index));
}
