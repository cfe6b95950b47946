import { merkleRoot } from "../chain/merkle-root.ts";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash, minorMetaHash } from "../chain/minor-block.ts";
import { compareBytes, compareText } from "../engine/compare-block.ts";
import type { FieldMismatch, QkcPayload } from "../engine/engine-api.ts";

/** What a payload says of itself and is not so: its hashes. What it commits to is not looked at here. */
export function hashMismatches({ blockHash, block }: QkcPayload): FieldMismatch[] {
  return [
    ...compareBytes("blockHash", blockHash, minorHeaderHash(block.header)),
    ...compareBytes("metaHash", block.header.metaHash, minorMetaHash(block.meta)),
    ...transactionsRootMismatches(block),
  ];
}

/** What does not fit the place that the block takes. */
export function placeMismatches(
  { branch, height }: MinorBlockHeader,
  fullShardId: number,
  parent: MinorBlockHeader,
): FieldMismatch[] {
  return [
    ...compareText("branch", `${branch}`, `${fullShardId}`),
    ...compareText("height", `${height}`, `${parent.height + 1}`),
  ];
}

/** A genesis block has the root that its configuration names, although it holds nothing (genesis.py). */
function transactionsRootMismatches({ header, meta, transactions }: MinorBlock): FieldMismatch[] {
  if (header.height === 0) return compareText("transactions", `${transactions.length}`, "0");
  return compareBytes("merkleRoot", meta.merkleRoot, merkleRoot(transactions.map(({ hash }) => hash)));
}
