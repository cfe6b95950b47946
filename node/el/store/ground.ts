import { encodeMinorBlock, type MinorBlock } from "../../chain/minor-block.ts";
import { EMPTY_BYTES, type Hash32 } from "../../codec/bytes.ts";
import { EMPTY_RECORD, encodeBlockRecord } from "./block-record.ts";
import type { RowChange } from "./row-store.ts";
import { hashRowKey, heightRowKey, ROW } from "./store-keys.ts";

export interface PlacedBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
}

/**
 * Rows of blocks, ascending, on the last of which a chain stands and below which it is not executed again: canonical all of
 * them, and without what they executed to, which only the genesis block has without an execution.
 */
export function groundChanges(blocks: readonly PlacedBlock[]): RowChange[] {
  const changes = blocks.flatMap(({ hash, block }): RowChange[] => [
    { key: hashRowKey(ROW.block, hash), value: encodeMinorBlock(block) },
    { key: heightRowKey(ROW.canonical, block.header.height), value: hash },
    ...(block.header.height === 0
      ? [{ key: hashRowKey(ROW.execution, hash), value: encodeBlockRecord(EMPTY_RECORD) }]
      : []),
  ]);
  const { hash, block } = blocks[blocks.length - 1];
  return [...changes, { key: heightRowKey(ROW.height, block.header.height, hash), value: EMPTY_BYTES }];
}
