import { type Address, asAddress, putWord256 } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { recoverPoint } from "../codec/secp256k1.ts";
import { enterStage, leaveStage, RECOVER } from "../measure/stages.ts";
import { type EvmTransaction, signingHash } from "./evm-transaction.ts";

const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const V_OFFSET = 27n;
/** EIP-155 moves v to 35 + 2·network id (+ 1); pyquarkchain takes it back to 27 or 28 first. */
const EIP155_SHIFT = 35n - V_OFFSET;

// A recovery ends before the next one begins: one signature serves the thread.
const signature = new Uint8Array(64);
const signatureWords = new DataView(signature.buffer);

/**
 * Who signed the transaction; undefined when nobody can have: r or s outside 1 to n − 1, a v that is no recovery id,
 * no such point (pyquarkchain ecrecover_to_pub), or a version that does not exist (pyquarkchain
 * quarkchain/evm/transactions.py Transaction.sender). Both s and n − s are good, and v 29 and 30 are recovery ids 2 and 3.
 */
export function recoverSender(transaction: EvmTransaction): Address | undefined {
  const { r, s } = transaction;
  if (r === 0n || s === 0n || r >= GROUP_ORDER || s >= GROUP_ORDER) return undefined;
  const v = transaction.version === 2n ? transaction.v - EIP155_SHIFT - 2n * transaction.networkId : transaction.v;
  const recoveryId = v - V_OFFSET;
  if (recoveryId < 0n || recoveryId > 3n) return undefined;
  const outer = enterStage(RECOVER);
  const sender = signer(transaction, Number(recoveryId));
  leaveStage(outer);
  return sender;
}

function signer(transaction: EvmTransaction, recoveryId: number): Address | undefined {
  const hash = signingHash(transaction);
  if (hash === undefined) return undefined;
  putWord256(signatureWords, 0, transaction.r);
  putWord256(signatureWords, 32, transaction.s);
  const key = recoverPoint(signature, recoveryId, hash);
  return key === undefined ? undefined : asAddress(keccak256(key).slice(12));
}
