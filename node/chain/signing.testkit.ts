import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Address, asAddress, bytesToBigInt } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { type EvmTransaction, encodeEvmTransaction, signingHash } from "./evm-transaction.ts";
import { type TypedTransaction, wrapTransaction } from "./typed-transaction.ts";

export function addressOfKey(secretKey: Uint8Array): Address {
  return asAddress(keccak256(secp256k1.getPublicKey(secretKey, false).slice(1)).slice(12));
}

/** Signs as a wallet does, with @noble/curves. */
export function sign(transaction: EvmTransaction, secretKey: Uint8Array): EvmTransaction {
  const hash = signingHash(transaction);
  if (hash === undefined) throw new Error(`version ${transaction.version} cannot be signed`);
  const signature = secp256k1.sign(hash, secretKey, { prehash: false, format: "recovered" });
  const v = BigInt(signature[0]) + (transaction.version === 2n ? 35n + 2n * transaction.networkId : 27n);
  return {
    ...transaction,
    v,
    r: bytesToBigInt(signature.subarray(1, 33)),
    s: bytesToBigInt(signature.subarray(33)),
  };
}

export function wrap(transaction: EvmTransaction): TypedTransaction {
  return wrapTransaction(encodeEvmTransaction(transaction));
}
