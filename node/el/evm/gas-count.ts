/**
 * Gas is counted in JS numbers, exact far above every block's gas limit. What exceeds this amount waits in a reserve that
 * only GAS, calls and creations look at: everything else that costs as much cannot be executed anyway.
 */
export const COUNTED_MAX = 2 ** 52;

export interface CountedGas {
  readonly gas: number;
  /** 0 but for amounts above 2^52. */
  readonly gasReserve: bigint;
}

/** Splits an amount, which is not negative but where a charge was not checked. */
export function countGas(total: bigint): CountedGas {
  if (total <= COUNTED_MAX) return { gas: Number(total), gasReserve: 0n };
  return { gas: COUNTED_MAX, gasReserve: total - BigInt(COUNTED_MAX) };
}

/** The amount that was split. */
export function wholeGas(gas: number, gasReserve = 0n): bigint {
  return BigInt(gas) + gasReserve;
}
