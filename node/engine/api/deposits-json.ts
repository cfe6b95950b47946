import { z } from "zod";
import type { CrossShardDeposit } from "../../chain/deposit.ts";
import type { XshardCursor } from "../../chain/minor-block.ts";
import type { DueDeposit } from "../../el/payload.ts";
import {
  bytesField,
  countField,
  dataToJson,
  hashField,
  qkcAddressField,
  qkcAddressToJson,
  quantityToJson,
  uint8Field,
  uint64Field,
  uint256Field,
} from "./json-fields.ts";

export const xshardCursorSchema = z
  .strictObject({ rootBlockHeight: countField, minorBlockIndex: countField, xshardDepositIndex: countField })
  .meta({ id: "XshardTxCursorInfoV1" });

export function xshardCursorToJson(cursor: XshardCursor): z.input<typeof xshardCursorSchema> {
  return {
    rootBlockHeight: quantityToJson(cursor.rootBlockHeight),
    minorBlockIndex: quantityToJson(cursor.minorBlockIndex),
    xshardDepositIndex: quantityToJson(cursor.xshardDepositIndex),
  };
}

/** goshard quarkchain/replay/types.go's spelling of core.py CrossShardTransactionDeposit. */
const depositFields = {
  txHash: hashField,
  fromAddress: qkcAddressField,
  toAddress: qkcAddressField,
  value: uint256Field,
  gasPrice: uint256Field,
  gasTokenId: uint64Field,
  transferTokenId: uint64Field,
  gasRemained: uint256Field,
  messageData: bytesField,
  createContract: z.boolean(),
  isFromRootChain: z.boolean(),
  refundRate: uint8Field,
};
const depositObject = z.strictObject(depositFields);

export const xshardDepositSchema = depositObject.transform(depositOf).meta({ id: "XshardDepositV1" });

/** A deposit with the cursor that names it as the last consumed one. */
export const dueDepositSchema = z
  .strictObject({ ...depositFields, xshardTxCursorInfo: xshardCursorSchema })
  .transform(
    ({ xshardTxCursorInfo, ...deposit }): DueDeposit => ({ deposit: depositOf(deposit), cursor: xshardTxCursorInfo }),
  )
  .meta({ id: "DueXshardDepositV1" });

function depositOf({ fromAddress, toAddress, ...rest }: z.output<typeof depositObject>): CrossShardDeposit {
  return { ...rest, from: fromAddress, to: toAddress };
}

export function xshardDepositToJson(deposit: CrossShardDeposit): z.input<typeof depositObject> {
  return {
    txHash: dataToJson(deposit.txHash),
    fromAddress: qkcAddressToJson(deposit.from),
    toAddress: qkcAddressToJson(deposit.to),
    value: quantityToJson(deposit.value),
    gasPrice: quantityToJson(deposit.gasPrice),
    gasTokenId: quantityToJson(deposit.gasTokenId),
    transferTokenId: quantityToJson(deposit.transferTokenId),
    gasRemained: quantityToJson(deposit.gasRemained),
    messageData: dataToJson(deposit.messageData),
    createContract: deposit.createContract,
    isFromRootChain: deposit.isFromRootChain,
    refundRate: quantityToJson(deposit.refundRate),
  };
}

export function dueDepositToJson({ deposit, cursor }: DueDeposit): z.input<typeof dueDepositSchema> {
  return { ...xshardDepositToJson(deposit), xshardTxCursorInfo: xshardCursorToJson(cursor) };
}
