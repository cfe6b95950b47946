import { type Address, asAddress } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { secp256k1 } from "../../node/codec/secp256k1.ts";

/** Undefined for what is no key. */
export function addressOfKey(secretKey: Uint8Array): Address | undefined {
  if (secretKey.length !== 32 || !secp256k1().privateKeyVerify(secretKey)) return undefined;
  return addressOfPublicKey(secp256k1().publicKeyCreate(secretKey, false));
}

/** `publicKey`: 65 bytes. */
export function addressOfPublicKey(publicKey: Uint8Array): Address {
  return asAddress(keccak256(publicKey.subarray(1)).subarray(12));
}
