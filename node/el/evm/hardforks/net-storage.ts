import type { ExecutionContext } from "../context.ts";
import { type Frame, OUT_OF_GAS } from "../frame.ts";
import { scopeOf } from "./scope-of.ts";

/** Prices of SSTORE by what it changes in the whole transaction. */
export interface NetStoragePrices {
  /** SSTORE fails with no more than this left. */
  readonly sentry: number;
  /** Nothing changes, or the slot has changed before. */
  readonly dirty: number;
  readonly set: number;
  readonly reset: number;
  readonly clearRefund: number;
  /** On top where the slot is cold; 0 without EIP-2929. */
  readonly coldSlot: number;
}

export const ISTANBUL_STORAGE: NetStoragePrices = {
  sentry: 2300,
  dirty: 800,
  set: 20000,
  reset: 5000,
  clearRefund: 15000,
  coldSlot: 0,
};

/** SSTORE with net metering (EIP-2200, with the prices of EIP-2929 and EIP-3529 where they are in force). */
export function storeNet(prices: NetStoragePrices, context: ExecutionContext, frame: Frame): void {
  const { state } = context;
  const scope = scopeOf(context);
  const account = frame.message.to;
  const slot = frame.pop();
  const value = frame.pop();
  if (frame.message.isStatic) {
    frame.fail("SSTORE in a static call");
    return;
  }
  if (frame.gas <= prices.sentry) {
    frame.fail(OUT_OF_GAS);
    return;
  }
  const current = state.getStorage(account, slot);
  const original = scope.originalValue(account, slot, current);
  if (prices.coldSlot > 0 && !scope.warmSlot(account, slot)) frame.gas -= prices.coldSlot;
  const isClean = current !== value && original === current;
  if (isClean) frame.gas -= original === 0n ? prices.set : prices.reset;
  else frame.gas -= prices.dirty;
  if (frame.gas < 0) {
    frame.fail(OUT_OF_GAS);
    return;
  }
  if (current === value) return;
  const refund = refundOf(prices, original, current, value);
  if (refund !== 0) state.addRefund(BigInt(refund));
  state.setStorage(account, slot, value);
}

/** Can be negative: what an earlier change was given is taken back. */
function refundOf(prices: NetStoragePrices, original: bigint, current: bigint, value: bigint): number {
  let refund = 0;
  if (original !== 0n && current === 0n) refund -= prices.clearRefund;
  if (original !== 0n && value === 0n) refund += prices.clearRefund;
  if (original !== current && original === value) {
    refund += (original === 0n ? prices.set : prices.reset) - prices.dirty;
  }
  return refund;
}
