import type { MinorBlock } from "../../chain/minor-block.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import type { BlockRecord } from "./block-record.ts";
import type { TransactionPlace } from "./chain-marks.ts";

/**
 * One shard's chain as something read-only holds it below an execution store: what the store's own rows lack is asked of it.
 * Blocks are proved; a block may be here without the state that it ends with.
 */
export interface ExecutionBase {
  findBlock(hash: Hash32): MinorBlock | undefined;
  /** What a block's execution left: it is executed again. Throws DatabaseDamagedError where that cannot be done. */
  record(hash: Hash32): BlockRecord;
  /** The block it calls canonical at a height. */
  canonicalHash(height: number): Hash32 | undefined;
  /** Where a transaction or deposit lies in a block that it calls canonical. */
  placeOf(transactionHash: Hash32): TransactionPlace | undefined;
  /** A trie node or code, for whoever asks to prove. */
  node(hash: Hash32): Uint8Array | undefined;
}
