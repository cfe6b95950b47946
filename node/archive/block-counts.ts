import { asAddress, bytesKey } from "../codec/bytes.ts";
import type { WireReader } from "../codec/wire.ts";

/** Blocks by miner, key = bytesKey(address). */
export type BlockCounts = ReadonlyMap<string, number>;

/** Pairs of a miner and its number of blocks, to the end of the row. Throws CodecError. */
export function readBlockCounts(reader: WireReader): BlockCounts {
  const counts = new Map<string, number>();
  while (reader.remaining > 0) {
    const miner = asAddress(reader.raw(20, "block count miner"));
    counts.set(bytesKey(miner), reader.uint32("block count"));
  }
  return counts;
}
