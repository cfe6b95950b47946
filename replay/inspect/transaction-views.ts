import { decodeEvmTransaction, isCrossShard, type ShardSizes } from "../../node/chain/evm-transaction.ts";
import type { Receipt } from "../../node/chain/receipt.ts";
import { recoverSender } from "../../node/chain/sender.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { type FoundBlock, findMinorBlock, hint } from "../database/find-block.ts";
import type { Inspected } from "../database/inspected.ts";
import { foreignId, mayBeIn, transactionReference } from "../database/reference.ts";
import { shardName } from "../text/block-name.ts";
import { grouped } from "../text/grouped.ts";
import type { Json } from "../text/json.ts";
import { fieldTable, textTable } from "../text/table.ts";
import { tokenName } from "../text/token-names.ts";
import { amountText, bytesText } from "../text/values.ts";
import type { View } from "./view.ts";

/** `qkc inspect tx`: a transaction as it was sent. */
export function transactionView(inspected: Inspected, reference: string): View {
  const { found, index } = findTransaction(inspected, reference);
  const { header, transactions } = found.block;
  const wrapped = transactions[index];
  if (wrapped === undefined) throw new UsageError(noTransaction(inspected, found, index));
  const transaction = decodeEvmTransaction(wrapped.rlp);
  const sender = recoverSender(transaction);
  const sizes = shardSizesOf(inspected);
  const crossShard = sizes === undefined ? null : isCrossShard(transaction, sizes);
  const { data } = transaction;
  const [gasToken, transferToken] = [tokenName(transaction.gasTokenId), tokenName(transaction.transferTokenId)];
  const json = {
    hash: toHex(wrapped.hash),
    branch: header.branch,
    height: header.height,
    block: toHex(found.hash),
    index,
    version: `${transaction.version}`,
    from: sender === undefined ? null : toHex(sender),
    fromFullShardKey: keyText(transaction.fromFullShardKey),
    to: transaction.to === undefined ? null : toHex(transaction.to),
    toFullShardKey: keyText(transaction.toFullShardKey),
    crossShard,
    nonce: `${transaction.nonce}`,
    value: `${transaction.value}`,
    transferToken,
    transferTokenId: `${transaction.transferTokenId}`,
    startGas: `${transaction.startGas}`,
    gasPrice: `${transaction.gasPrice}`,
    gasToken,
    gasTokenId: `${transaction.gasTokenId}`,
    networkId: `${transaction.networkId}`,
    dataLength: data.length,
    data: toHex(data),
    v: `${transaction.v}`,
    r: `${transaction.r}`,
    s: `${transaction.s}`,
    rlp: toHex(wrapped.rlp),
  };
  const fields = fieldTable([
    ["transaction", json.hash],
    ["block", `${shardName(header.branch)} ${grouped(header.height)}, index ${index}`],
    ["version", json.version],
    ["from", `${json.from ?? "nobody can have signed it"} key ${json.fromFullShardKey}`],
    ["to", `${json.to ?? "a new contract"} key ${json.toFullShardKey}${crossShard === true ? " (cross-shard)" : ""}`],
    ["nonce", json.nonce],
    ["value", amountText(transaction.value, transferToken)],
    ["gas", `${grouped(transaction.startGas)} at ${grouped(transaction.gasPrice)} ${gasToken}`],
    ["data", bytesText(data)],
    ["selector", transaction.to !== undefined && data.length >= 4 ? `0x${toHex(data.subarray(0, 4))}` : "none"],
  ]);
  return { json, text: [fields] };
}

/** `qkc inspect receipt`: of a transaction, or of a deposit that a block consumed. */
export function receiptView(inspected: Inspected, reference: string): View {
  const { found, index } = findTransaction(inspected, reference);
  const { header, meta, transactions } = found.block;
  const receipts = inspected.rows.receipts(header.branch, found);
  if (receipts === undefined) {
    throw new UsageError(
      `the database holds no receipts of block ${header.height} of shard ${shardName(header.branch)}`,
    );
  }
  const receipt = receipts[index];
  if (receipt === undefined) throw new UsageError(noReceipt(header.branch, header.height, index, receipts.length));
  const isDeposit = index >= transactions.length;
  const hashes = inspected.rows.consumedDepositHashes(header.branch, found.hash);
  const hash = isDeposit ? hashes?.[index - transactions.length] : transactions[index].hash;
  const gasUsed =
    receipt.cumulativeGasUsed - gasBefore(receipts, index, transactions.length, meta.xshardReceiveGasUsed);
  const { success, cumulativeGasUsed, logs, contractAddress, contractFullShardKey } = receipt;
  const json = {
    branch: header.branch,
    height: header.height,
    block: toHex(found.hash),
    index,
    of: isDeposit ? "deposit" : "transaction",
    hash: hash === undefined ? null : toHex(hash),
    success,
    gasUsed: `${gasUsed}`,
    cumulativeGasUsed: `${cumulativeGasUsed}`,
    contractAddress: contractAddress.length === 0 ? null : toHex(contractAddress),
    contractFullShardKey: keyText(contractFullShardKey),
    bloom: toHex(receipt.bloom),
    logs: logs.map(
      ({ address, topics, data }): Json => ({ address: toHex(address), topics: topics.map(toHex), data: toHex(data) }),
    ),
  };
  const fields = fieldTable([
    ["receipt", `of ${json.of} ${json.hash ?? "unknown"}`],
    ["block", `${shardName(header.branch)} ${grouped(header.height)}, index ${index}`],
    ["status", success ? "success" : "failure"],
    ["gas used", `${grouped(gasUsed)} (in the block so far: ${grouped(cumulativeGasUsed)})`],
    ["new contract", json.contractAddress ?? "none"],
    ["logs", grouped(logs.length)],
  ]);
  const rows = logs.flatMap(({ address, topics, data }, i) => [
    [`${i}`, "address", toHex(address)],
    ...topics.map((topic) => ["", "topic", toHex(topic)]),
    ["", "data", bytesText(data)],
  ]);
  return { json, text: rows.length === 0 ? [fields] : [fields, textTable(rows)] };
}

/** Deposits run first and count from zero; transactions count on from them, but stand before them in the list. */
function gasBefore(receipts: readonly Receipt[], index: number, transactions: number, xshardGas: bigint): bigint {
  if (index === transactions) return 0n;
  return index === 0 ? xshardGas : receipts[index - 1].cumulativeGasUsed;
}

interface FoundTransaction {
  readonly found: FoundBlock;
  readonly index: number;
}

function findTransaction(inspected: Inspected, text: string): FoundTransaction {
  const reference = transactionReference(text);
  if (reference.kind === "place") {
    return { found: findMinorBlock(inspected, reference.block), index: reference.index };
  }
  const { hash } = reference;
  // A cross-shard transaction is known to both shards: where it was sent comes first.
  let asDeposit: FoundTransaction | undefined;
  let elsewhere: number | undefined;
  for (const id of inspected.source.fullShardIds) {
    const place = inspected.rows.transaction(id, hash);
    if (place === undefined) continue;
    if (!mayBeIn(reference, id)) {
      elsewhere ??= id;
      continue;
    }
    const found = findMinorBlock(inspected, { kind: "hash", hash: place.blockHash });
    if (place.index < found.block.transactions.length) return { found, index: place.index };
    asDeposit ??= { found, index: place.index };
  }
  if (asDeposit !== undefined) return asDeposit;
  if (elsewhere !== undefined) throw foreignId(reference, elsewhere, "transaction");
  throw new UsageError(`no transaction ${toHex(hash)} in the index${hint(inspected, hash, "transaction")}`);
}

function noTransaction(inspected: Inspected, { block, hash }: FoundBlock, index: number): string {
  const { branch, height } = block.header;
  const count = block.transactions.length;
  const has = `block ${grouped(height)} of shard ${shardName(branch)} has ${grouped(count)} transactions`;
  const deposits = inspected.rows.consumedDepositHashes(branch, hash)?.length ?? 0;
  if (index >= count + deposits) return `${has}: there is no index ${grouped(index)}`;
  return `${has}; index ${grouped(index)} is a deposit that it consumed (qkc inspect receipt ${branch}:${height}:${index})`;
}

function noReceipt(branch: number, height: number, index: number, count: number): string {
  return `block ${grouped(height)} of shard ${shardName(branch)} has ${grouped(count)} receipts: there is no index ${grouped(index)}`;
}

function shardSizesOf({ config }: Inspected): ShardSizes | undefined {
  return config && new Map(config.quarkchain.chains.map(({ chainId, shardSize }) => [chainId, shardSize]));
}

function keyText(fullShardKey: number): string {
  return `0x${fullShardKey.toString(16).padStart(8, "0")}`;
}
