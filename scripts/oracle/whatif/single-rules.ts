import type { EthereumRules } from "./ethereumjs-call.ts";

/** What QuarkChain's rules are in Ethereum. */
export const PETERSBURG: EthereumRules = {
  hardfork: "petersburg",
  nonZeroByteGas: 68n,
  initCodeWordGas: 0n,
  refundQuotient: 2n,
  floorTokenGas: 0n,
};

export const OSAKA: EthereumRules = {
  hardfork: "osaka",
  nonZeroByteGas: 16n,
  initCodeWordGas: 2n,
  refundQuotient: 5n,
  floorTokenGas: 10n,
};

/** Byzantium's. */
const OLD_CURVE_PRICES = {
  bn254AddGas: 500,
  bn254MulGas: 40_000,
  bn254PairingGas: 100_000,
  bn254PairingWordGas: 80_000,
};

/**
 * One later rule on Petersburg, as far as @ethereumjs/evm can have it alone: as a proposal that it switches, as prices,
 * or, of Istanbul, which it knows as a whole only, as Istanbul with the other prices as before. Charges around the
 * message are written down from the proposals' texts.
 */
export const SINGLE_RULES: ReadonlyMap<string, EthereumRules> = new Map<string, EthereumRules>([
  [
    "EIP-1108",
    {
      ...PETERSBURG,
      prices: { bn254AddGas: 150, bn254MulGas: 6000, bn254PairingGas: 45_000, bn254PairingWordGas: 34_000 },
    },
  ],
  ["EIP-1884", { ...PETERSBURG, prices: { sloadGas: 800, balanceGas: 700, extcodehashGas: 700 } }],
  ["EIP-2028", { ...PETERSBURG, nonZeroByteGas: 16n }],
  [
    "EIP-2200",
    { ...PETERSBURG, hardfork: "istanbul", prices: { ...OLD_CURVE_PRICES, balanceGas: 400, extcodehashGas: 400 } },
  ],
  ["EIP-2565", { ...PETERSBURG, eips: [2565] }],
  ["EIP-2929", { ...PETERSBURG, eips: [2929] }],
  ["EIP-3529", { ...PETERSBURG, prices: { sstoreRefundGas: 4800, selfdestructRefundGas: 0 }, refundQuotient: 5n }],
  ["EIP-3855", { ...PETERSBURG, eips: [3855] }],
  ["EIP-3860", { ...PETERSBURG, eips: [3860], initCodeWordGas: 2n }],
  ["EIP-1153", { ...PETERSBURG, eips: [1153] }],
  ["EIP-7623", { ...PETERSBURG, floorTokenGas: 10n }],
]);
