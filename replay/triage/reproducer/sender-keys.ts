import {
  decodeEvmTransaction,
  type EvmTransaction,
  encodeEvmTransaction,
  signingHash,
} from "../../../node/chain/evm-transaction.ts";
import { recoverSender } from "../../../node/chain/sender.ts";
import { type Address, asAddress, bytesToBigInt, utf8 } from "../../../node/codec/bytes.ts";
import { CodecError } from "../../../node/codec/errors.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { secp256k1 } from "../../../node/codec/secp256k1.ts";
import type { ReproducerCase } from "./format.ts";

type CaseTransaction = ReproducerCase["transactions"][number];

const EIP155_VERSION = 2n;

/** The key that a case's n-th sender signs with: anybody may know it. */
export function senderKey(index: number): Uint8Array {
  return keccak256(utf8(`qkc-reproducer sender ${index}`));
}

export function addressOfKey(secretKey: Uint8Array): Address {
  return asAddress(keccak256(secp256k1().publicKeyCreate(secretKey, false).subarray(1)).subarray(12));
}

/** Undefined where the bytes are no transaction. */
export function decodedTransaction({ rlp }: Pick<CaseTransaction, "rlp">): EvmTransaction | undefined {
  try {
    return decodeEvmTransaction(rlp);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

/** Undefined where nobody can have signed it. */
export function senderOf(transaction: CaseTransaction): Address | undefined {
  const decoded = decodedTransaction(transaction);
  return decoded === undefined ? undefined : recoverSender(decoded);
}

/** The transaction signed by `secretKey`; undefined for a version that does not exist. */
export function signedBy(transaction: EvmTransaction, secretKey: Uint8Array): CaseTransaction | undefined {
  const hash = signingHash(transaction);
  if (hash === undefined) return undefined;
  const { signature, recid } = secp256k1().ecdsaSign(hash, secretKey);
  const first = transaction.version === EIP155_VERSION ? 35n + 2n * transaction.networkId : 27n;
  const signed = {
    ...transaction,
    v: first + BigInt(recid),
    r: bytesToBigInt(signature.subarray(0, 32)),
    s: bytesToBigInt(signature.subarray(32)),
  };
  return { rlp: encodeEvmTransaction(signed), secretKey };
}
