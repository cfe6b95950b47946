import type { RootBlockSource } from "../../archive/block-source.ts";
import type { CrossShardDepositList } from "../../chain/deposit.ts";
import type { MinorBlock } from "../../chain/minor-block.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import type { BlockHistory, MinorRecord } from "./cl-rows.ts";

/** What an earlier client's database holds of a shard: read-only, asked for what the rows of a ClStore lack, method by method. */
export interface ClBase extends RootBlockSource {
  depositList(sourceMinorHash: Hash32): CrossShardDepositList | undefined;
  lastConfirmed(rootHash: Hash32): Hash32 | undefined;
  genesisBlock(rootHash: Hash32): MinorBlock | undefined;
  /** With its body, committed or not. */
  findBlock(minorHash: Hash32): MinorBlock | undefined;
  /** Of a committed block only. */
  minorRecord(minorHash: Hash32): MinorRecord | undefined;
  transactionCount(minorHash: Hash32): number | undefined;
  consumedHashes(minorHash: Hash32): readonly Hash32[];
  history(minorHash: Hash32): BlockHistory;
  /** The block it calls canonical at a height. */
  canonicalHash(height: number): Hash32 | undefined;
  /** Keys of the history index above `end` up to and with `start`, the greatest first. */
  historyKeys(start: Uint8Array, end: Uint8Array): Iterable<Uint8Array>;
}
