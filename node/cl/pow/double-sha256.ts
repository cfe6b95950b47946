import { createHash } from "node:crypto";
import { asHash32, type Hash32 } from "../../codec/bytes.ts";

/** sha256(sha256(mining hash, nonce as 8 bytes big-endian)); pyquarkchain miner.py:validate_seal. */
export function doubleSha256(miningHash: Hash32, nonce: bigint): Hash32 {
  const nonceBytes = Buffer.allocUnsafe(8);
  nonceBytes.writeBigUInt64BE(nonce);
  const once = createHash("sha256").update(miningHash).update(nonceBytes).digest();
  return asHash32(createHash("sha256").update(once).digest());
}
