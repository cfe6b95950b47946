import type { MinorBlockHeader } from "../../node/chain/minor-block.ts";
import { minorHeaderHash } from "../../node/chain/minor-block.ts";
import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import { findMinorBlock, findRootHash } from "../database/find-block.ts";
import type { Inspected } from "../database/inspected.ts";
import { minorReference, rootReference } from "../database/reference.ts";
import { shardName } from "../text/block-name.ts";
import { grouped } from "../text/grouped.ts";
import { fieldTable, textTable } from "../text/table.ts";
import { balancesJson, balancesText, bytesText, qkcAddressText, timeText } from "../text/values.ts";
import type { View } from "./view.ts";

/** `qkc inspect root`: a root block and the minor headers that it confirms. */
export function rootView(inspected: Inspected, reference: string): View {
  const hash = findRootHash(inspected, rootReference(reference));
  const { header, minorHeaders, trackingData } = inspected.source.rootBlocks().rootBlock(hash);
  const indexed = inspected.rows.rootHashAt(header.height);
  const canonical = indexed === undefined ? null : bytesEqual(indexed, hash);
  const minor = minorHeaders.map((minorHeader) => ({ minorHeader, minorHash: toHex(minorHeaderHash(minorHeader)) }));
  const signed = header.signature.some((byte) => byte !== 0);
  const json = {
    height: header.height,
    hash: toHex(hash),
    canonical,
    version: header.version,
    prev: toHex(header.prevBlockHash),
    time: header.createTime,
    difficulty: `${header.difficulty}`,
    totalDifficulty: `${header.totalDifficulty}`,
    coinbase: qkcAddressText(header.coinbaseAddress),
    coinbaseAmounts: balancesJson(header.coinbaseAmounts),
    merkleRoot: toHex(header.merkleRoot),
    stateRoot: toHex(header.stateRoot),
    nonce: `${header.nonce}`,
    mixhash: toHex(header.mixhash),
    extraData: toHex(header.extraData),
    signed,
    signature: toHex(header.signature),
    trackingData: toHex(trackingData),
    minor: minor.map(({ minorHeader, minorHash }) => [minorHeader.branch, minorHeader.height, minorHash]),
  };
  const fields = fieldTable([
    ["root block", `${grouped(header.height)}${canonicalText(canonical)}`],
    ["hash", json.hash],
    ["previous", json.prev],
    ["time", timeText(header.createTime)],
    ["difficulty", `${grouped(header.difficulty)} (total ${grouped(header.totalDifficulty)})`],
    ["coinbase", json.coinbase],
    ["reward", balancesText(header.coinbaseAmounts)],
    ["merkle root", json.merkleRoot],
    ["extra data", bytesText(header.extraData)],
    ["signed", signed ? "yes" : "no"],
    ["confirms", `${grouped(minorHeaders.length)} minor blocks`],
  ]);
  const rows = minor.map(({ minorHeader, minorHash }) => confirmedRow(minorHeader, minorHash));
  return { json, text: [fields, textTable([["shard", "height", "hash"], ...rows], [1])] };
}

function confirmedRow({ branch, height }: MinorBlockHeader, hash: string): string[] {
  return [shardName(branch), grouped(height), hash];
}

/** `qkc inspect minor`: a shard's block. */
export function minorView(inspected: Inspected, reference: string): View {
  const { shard, hash, block } = findMinorBlock(inspected, minorReference(reference));
  const { header, meta, transactions, trackingData } = block;
  const indexed = shard.canonicalHashAt(header.height);
  const canonical = indexed === undefined ? null : bytesEqual(indexed, hash);
  const { rootBlockHeight, minorBlockIndex, xshardDepositIndex } = meta.xshardCursor;
  const json = {
    branch: header.branch,
    height: header.height,
    hash: toHex(hash),
    canonical,
    version: header.version,
    prevMinor: toHex(header.prevMinorBlockHash),
    prevRoot: toHex(header.prevRootBlockHash),
    time: header.createTime,
    difficulty: `${header.difficulty}`,
    coinbase: qkcAddressText(header.coinbaseAddress),
    coinbaseAmounts: balancesJson(header.coinbaseAmounts),
    gasLimit: `${header.gasLimit}`,
    xshardGasLimit: `${meta.xshardGasLimit}`,
    txRoot: toHex(meta.merkleRoot),
    stateRoot: toHex(meta.stateRoot),
    receiptRoot: toHex(meta.receiptRoot),
    metaHash: toHex(header.metaHash),
    gasUsed: `${meta.gasUsed}`,
    xshardGasUsed: `${meta.xshardReceiveGasUsed}`,
    cursor: [rootBlockHeight, minorBlockIndex, xshardDepositIndex],
    bloom: toHex(header.bloom),
    nonce: `${header.nonce}`,
    mixhash: toHex(header.mixhash),
    extraData: toHex(header.extraData),
    trackingData: toHex(trackingData),
    stateStored: shard.rows.has(meta.stateRoot),
    transactions: transactions.map((transaction) => toHex(transaction.hash)),
  };
  const fields = fieldTable([
    ["shard", shardName(header.branch)],
    ["block", `${grouped(header.height)}${canonicalText(canonical)}`],
    ["hash", json.hash],
    ["previous", json.prevMinor],
    ["root block", json.prevRoot],
    ["time", timeText(header.createTime)],
    ["difficulty", grouped(header.difficulty)],
    ["coinbase", json.coinbase],
    ["reward", balancesText(header.coinbaseAmounts)],
    ["gas used", `${grouped(meta.gasUsed)} of ${grouped(header.gasLimit)}`],
    ["xshard gas used", `${grouped(meta.xshardReceiveGasUsed)} of ${grouped(meta.xshardGasLimit)}`],
    ["xshard cursor", `root block ${rootBlockHeight}, minor header ${minorBlockIndex}, deposit ${xshardDepositIndex}`],
    ["state root", `${json.stateRoot}${json.stateStored ? "" : " (not stored)"}`],
    ["receipt root", json.receiptRoot],
    ["merkle root", json.txRoot],
    ["extra data", bytesText(header.extraData)],
    ["transactions", grouped(transactions.length)],
  ]);
  const rows = json.transactions.map((transaction, index) => [`${index}`, transaction]);
  return { json, text: rows.length === 0 ? [fields] : [fields, textTable([["index", "transaction"], ...rows], [0])] };
}

/** Whether the height index names the block; null where it has no row. */
function canonicalText(canonical: boolean | null): string {
  if (canonical === null) return " (the height index does not know this height)";
  return canonical ? " (canonical)" : " (on a side chain)";
}
