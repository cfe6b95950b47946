import { word256ToBigInt } from "../../../codec/bytes.ts";
import { UnsupportedError } from "../../../codec/errors.ts";
import type { ExecutionContext } from "../context.ts";
import { type Frame, OUT_OF_GAS, payForMemory } from "../frame.ts";
import { wordCount } from "../gas.ts";
import { selfDestruct } from "../system-instructions.ts";
import { scopeOf } from "./scope-of.ts";

/** CHAINID (EIP-1344). Throws UnsupportedError where the surroundings do not tell the id. */
export function chainId(context: ExecutionContext, frame: Frame): void {
  const { ethChainId, rules } = context.chain;
  if (ethChainId === undefined) throw new UnsupportedError(`rule set ${rules.name} has CHAINID: name the chain's id`);
  frame.push(ethChainId);
}

/** SELFBALANCE (EIP-1884), of the default token like BALANCE. */
export function selfBalance({ state, chain }: ExecutionContext, frame: Frame): void {
  frame.push(state.getBalance(frame.message.to, chain.defaultChainToken));
}

/** BASEFEE (EIP-3198): without a fee market nothing is the least. */
export function baseFee({ block }: ExecutionContext, frame: Frame): void {
  frame.push(block.baseFee ?? 0n);
}

/** BLOBHASH (EIP-4844): 0 behind the transaction's last blob; QuarkChain's carry none. */
export function blobHash({ transaction }: ExecutionContext, frame: Frame): void {
  // Apart from the optional chain, which would leave the operand where a transaction has no extras.
  const index = Number(frame.pop());
  const hash = transaction.extras?.blobHashes[index];
  frame.push(hash === undefined ? 0n : word256ToBigInt(hash, 0));
}

/** BLOBBASEFEE (EIP-7516): the least price where no block ever carried a blob. */
export function blobBaseFee({ block }: ExecutionContext, frame: Frame): void {
  frame.push(block.blobBaseFee ?? 1n);
}

/** PUSH0 (EIP-3855). */
export function pushZero(_context: ExecutionContext, frame: Frame): void {
  frame.push(0n);
}

/** CLZ (EIP-7939). */
export function countLeadingZeros(_context: ExecutionContext, frame: Frame): void {
  const word = frame.pop();
  frame.push(BigInt(word === 0n ? 256 : 256 - word.toString(2).length));
}

/** TLOAD (EIP-1153). */
export function transientLoad(context: ExecutionContext, frame: Frame): void {
  frame.push(scopeOf(context).transientValue(frame.message.to, frame.pop()));
}

/** TSTORE (EIP-1153). */
export function transientStore(context: ExecutionContext, frame: Frame): void {
  const slot = frame.pop();
  const value = frame.pop();
  if (frame.message.isStatic) frame.fail("TSTORE in a static call");
  else scopeOf(context).setTransientValue(frame.message.to, slot, value);
}

/** MCOPY (EIP-5656): memory grows to hold source and target. */
export function copyMemory(context: ExecutionContext, frame: Frame): void {
  const schedule = context.chain.rules.gas;
  const target = Number(frame.pop());
  const source = Number(frame.pop());
  const size = Number(frame.pop());
  frame.gas -= schedule.copyWord * wordCount(size);
  if (frame.gas >= 0) frame.gas = payForMemory(frame, frame.gas, Math.max(target, source), size, schedule);
  if (frame.gas < 0) frame.fail(OUT_OF_GAS);
  else if (size > 0) frame.memory.bytes.copyWithin(target, source, source + size);
}

/** SELFDESTRUCT where only what the same transaction created disappears (EIP-6780). */
export function selfDestructIfNew(context: ExecutionContext, frame: Frame): void {
  selfDestruct(context, frame, !scopeOf(context).wasCreated(frame.message.to));
}
