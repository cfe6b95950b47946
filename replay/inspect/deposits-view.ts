import type { CrossShardDeposit, CrossShardDepositList } from "../../node/chain/deposit.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { findMinorBlock } from "../database/find-block.ts";
import type { Inspected } from "../database/inspected.ts";
import { minorReference } from "../database/reference.ts";
import { shardName } from "../text/block-name.ts";
import { grouped } from "../text/grouped.ts";
import { fieldTable, textTable } from "../text/table.ts";
import { tokenName } from "../text/token-names.ts";
import { amountText, qkcAddressText } from "../text/values.ts";
import type { View } from "./view.ts";

/** `qkc inspect deposits`: what a block sent to each of the other shards, as those received it, and what it consumed. */
export function depositsView(inspected: Inspected, reference: string): View {
  const { hash, block } = findMinorBlock(inspected, minorReference(reference));
  const { branch, height } = block.header;
  const others = inspected.source.fullShardIds.filter((id) => id !== branch);
  const sends: BlockSends = {
    branch,
    height,
    hash: toHex(hash),
    sent: others.map((to) => ({ to, list: inspected.source.shard(to).depositList(hash) })),
    consumed: inspected.rows.consumedDepositHashes(branch, hash)?.map(toHex),
  };
  return {
    get json() {
      return sendsJson(sends);
    },
    get text() {
      return sendsText(sends);
    },
  };
}

interface BlockSends {
  readonly branch: number;
  readonly height: number;
  readonly hash: string;
  /** By destination; a list that it does not hold is undefined. */
  readonly sent: readonly { readonly to: number; readonly list: CrossShardDepositList | undefined }[];
  /** Undefined where no row says it. */
  readonly consumed: readonly string[] | undefined;
}

function sendsJson({ branch, height, hash, sent, consumed }: BlockSends): View["json"] {
  const lists = sent.map(({ to, list }) => ({
    to,
    received: list !== undefined,
    version: list?.version ?? null,
    deposits: (list?.deposits ?? []).map(depositJson),
  }));
  return { branch, height, hash, sent: lists, consumed: consumed ?? null };
}

function sendsText({ branch, height, hash, sent, consumed }: BlockSends): View["text"] {
  const fields = fieldTable([
    ["block", `shard ${shardName(branch)} ${grouped(height)}`],
    ["hash", hash],
    ...sent.map(({ to, list }) => [`to ${shardName(to)}`, listText(list?.deposits.length)] as const),
    ["consumed", consumed === undefined ? "no row says what" : `${grouped(consumed.length)} deposits`],
  ]);
  const lists = sent.flatMap(({ to, list }) => (list?.deposits ?? []).map((deposit) => depositText(to, deposit)));
  const consumedText = (consumed ?? []).map((of, i) => [`consumed ${i}`, of]);
  return [fields, ...lists, ...(consumedText.length === 0 ? [] : [textTable(consumedText)])];
}

function listText(count: number | undefined): string {
  if (count === undefined) return "no list: the shard never received one";
  return count === 0 ? "nothing" : `${grouped(count)} deposits`;
}

function depositJson(deposit: CrossShardDeposit) {
  return {
    txHash: toHex(deposit.txHash),
    from: qkcAddressText(deposit.from),
    to: qkcAddressText(deposit.to),
    value: `${deposit.value}`,
    transferToken: tokenName(deposit.transferTokenId),
    transferTokenId: `${deposit.transferTokenId}`,
    gasPrice: `${deposit.gasPrice}`,
    gasTokenId: `${deposit.gasTokenId}`,
    gasRemained: `${deposit.gasRemained}`,
    dataLength: deposit.messageData.length,
    data: toHex(deposit.messageData),
    createContract: deposit.createContract,
    isFromRootChain: deposit.isFromRootChain,
    refundRate: deposit.refundRate,
  };
}

function depositText(to: number, deposit: CrossShardDeposit): string {
  const target = deposit.createContract ? " (creates a contract)" : "";
  return fieldTable([
    ["deposit", toHex(deposit.txHash)],
    ["to shard", shardName(to)],
    ["from", qkcAddressText(deposit.from)],
    ["to", `${qkcAddressText(deposit.to)}${target}`],
    ["value", amountText(deposit.value, tokenName(deposit.transferTokenId))],
    ["gas", `${grouped(deposit.gasRemained)} at ${grouped(deposit.gasPrice)}, refund ${deposit.refundRate}%`],
    ["data", `${grouped(deposit.messageData.length)} bytes`],
  ]);
}
