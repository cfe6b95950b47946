import { createRequire } from "node:module";
import secp256k1 from "secp256k1";
import { type Address, asAddress, bigIntToBytes } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { type EvmTransaction, signingHash } from "./evm-transaction.ts";

const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const V_OFFSET = 27n;
/** EIP-155 moves v to 35 + 2·network id (+ 1); pyquarkchain takes it back to 27 or 28 first. */
const EIP155_SHIFT = 35n - V_OFFSET;

/** Which build of the secp256k1 package is loaded: its silent JavaScript fallback is 30 times slower. */
export type Secp256k1Backend = "native" | "elliptic";

const loadedBackend = detectBackend();

export function secp256k1Backend(): Secp256k1Backend {
  return loadedBackend;
}

/**
 * Who signed the transaction; undefined when nobody can have: r or s outside 1 to n − 1, a v that is no recovery id,
 * no such point, or a version that does not exist (pyquarkchain quarkchain/evm/transactions.py Transaction.sender).
 * Both s and n − s are good, and v 29 and 30 are recovery ids 2 and 3.
 */
export function recoverSender(transaction: EvmTransaction): Address | undefined {
  const { r, s } = transaction;
  if (r === 0n || s === 0n || r >= GROUP_ORDER || s >= GROUP_ORDER) return undefined;
  const v = transaction.version === 2n ? transaction.v - EIP155_SHIFT - 2n * transaction.networkId : transaction.v;
  const recoveryId = v - V_OFFSET;
  if (recoveryId < 0n || recoveryId > 3n) return undefined;
  const hash = signingHash(transaction);
  if (hash === undefined) return undefined;
  const signature = new Uint8Array(64);
  signature.set(bigIntToBytes(r, 32));
  signature.set(bigIntToBytes(s, 32), 32);
  return recoverAddress(signature, Number(recoveryId), hash);
}

function recoverAddress(signature: Uint8Array, recoveryId: number, hash: Uint8Array): Address | undefined {
  let publicKey: Uint8Array;
  try {
    publicKey = secp256k1.ecdsaRecover(signature, recoveryId, hash, false);
  } catch {
    // The arguments are well-formed, so this says that the point does not exist (pyquarkchain ecrecover_to_pub).
    return undefined;
  }
  return asAddress(keccak256(publicKey.subarray(1)).subarray(12));
}

function detectBackend(): Secp256k1Backend {
  try {
    return createRequire(import.meta.url)("secp256k1/bindings.js") === secp256k1 ? "native" : "elliptic";
  } catch {
    return "elliptic";
  }
}
