import type { Creation, Message, MessageResult } from "../../../node/el/evm/message.ts";
import type { ExecutionUnit, UnitOutcome } from "../../../node/el/evm/tracer.ts";
import type { Digest } from "./digest.ts";

const KINDS = ["deposit", "transaction", "reward"];

export function digestOfUnit(digest: Digest, { kind, index }: ExecutionUnit): void {
  digest.mix(1);
  digest.mix(KINDS.indexOf(kind));
  digest.mix(index);
}

export function digestOfOutcome(digest: Digest, { gasUsed, receipt }: UnitOutcome): void {
  digest.mix(2);
  digest.bigint(gasUsed);
  digest.mix(receipt === undefined ? 2 : Number(receipt.success));
  if (receipt !== undefined) digest.bytes(receipt.contractAddress);
}

export function digestOfMessage(digest: Digest, message: Message | Creation): void {
  digest.mix(3);
  digest.mix(message.depth);
  digestOfGas(digest, message);
  digest.bigint(message.value);
  digest.bigint(message.transferTokenId);
  digest.bytes(message.sender);
  if ("initCode" in message) {
    digest.bytes(message.initCode);
    if (message.recipient !== undefined) digest.bytes(message.recipient);
    if (message.salt !== undefined) digest.bytes(message.salt);
  } else {
    digest.bytes(message.to);
    digest.bytes(message.codeAddress);
    digest.bytes(message.data);
    digest.mix(Number(message.isStatic));
  }
}

export function digestOfResult(digest: Digest, { success, gasLeft, gasReserve, output }: MessageResult): void {
  digest.mix(4);
  digest.mix(Number(success));
  digestOfGas(digest, { gas: gasLeft, gasReserve });
  digest.bytes(output);
}

export function digestOfGas(digest: Digest, { gas, gasReserve = 0n }: { gas: number; gasReserve?: bigint }): void {
  digest.number(gas);
  if (gasReserve !== 0n) digest.bigint(gasReserve);
}
