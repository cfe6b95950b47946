import { addressFromHex } from "../../../codec/bytes.ts";

/** pyquarkchain quarkchain/evm/specials.py _system_contracts. */
export const SYSTEM_CONTRACT_ADDRESSES = {
  rootChainPosw: addressFromHex("514b430000000000000000000000000000000001"),
  nonReservedNativeToken: addressFromHex("514b430000000000000000000000000000000002"),
  generalNativeToken: addressFromHex("514b430000000000000000000000000000000003"),
} as const;
