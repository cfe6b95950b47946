import type { Address } from "../../../codec/bytes.ts";

/** 0x51 0x4b 0x43 = "QKC", followed by a two-byte number; all before is zero. */
const QKC_PREFIX = 0x514b43;
const ZERO_BYTES = 15;

export const CURRENT_TOKEN_ID = precompileNumber(1);
export const TRANSFER_TOKEN = precompileNumber(2);
export const DEPLOY_SYSTEM_CONTRACT = precompileNumber(3);
export const MINT_TOKEN = precompileNumber(4);
export const TOKEN_BALANCE = precompileNumber(5);

function precompileNumber(index: number): number {
  return QKC_PREFIX * 0x10000 + index;
}

/** The number that an address is, where it starts with 15 zero bytes as all precompiles do; undefined elsewhere. */
export function smallAddress(address: Address): number | undefined {
  for (let i = 0; i < ZERO_BYTES; i++) if (address[i] !== 0) return undefined;
  let value = 0;
  for (let i = ZERO_BYTES; i < 20; i++) value = value * 256 + address[i];
  return value;
}

/** Whether it is 514b430001, which tells a contract the token of its value. */
export function isCurrentTokenPrecompile(address: Address): boolean {
  return smallAddress(address) === CURRENT_TOKEN_ID;
}
