import secp256k1 from "secp256k1";
import { bytesToBigInt } from "../codec/bytes.ts";
import { UsageError } from "../codec/errors.ts";
import { type EvmTransaction, encodeEvmTransaction, signingHash } from "./evm-transaction.ts";
import { type TypedTransaction, wrapTransaction } from "./typed-transaction.ts";

/** What is signed: everything of a transaction but its signature. */
export type UnsignedTransaction = Omit<EvmTransaction, "v" | "r" | "s">;

/**
 * Signs as its version says (pyquarkchain evm/transactions.py Transaction.sign) and wraps it for a block. Throws UsageError
 * for a version that does not exist or a key that is none.
 */
export function signTransaction(unsigned: UnsignedTransaction, privateKey: Uint8Array): TypedTransaction {
  const transaction: EvmTransaction = { ...unsigned, v: 0n, r: 0n, s: 0n };
  const hash = signingHash(transaction);
  if (hash === undefined) throw new UsageError(`transactions of version ${unsigned.version} cannot be signed`);
  if (!secp256k1.privateKeyVerify(privateKey))
    throw new UsageError("the private key is no number below the group's order");
  const { signature, recid } = secp256k1.ecdsaSign(hash, privateKey);
  const offset = unsigned.version === 2n ? 35n + 2n * unsigned.networkId : 27n;
  const signed = {
    ...transaction,
    v: BigInt(recid) + offset,
    r: bytesToBigInt(signature.subarray(0, 32)),
    s: bytesToBigInt(signature.subarray(32)),
  };
  return wrapTransaction(encodeEvmTransaction(signed));
}
