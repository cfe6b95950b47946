import { type RootBlockHeader, rootMiningHash } from "../chain/root-block.ts";
import { type Address, asAddress, bytesToBigInt, concatBytes } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { secp256k1 } from "../codec/secp256k1.ts";

const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const UNCOMPRESSED = Uint8Array.of(4);

/**
 * Whether eth_keys takes the 65 bytes r ‖ s ‖ v for a signature at all: v 0 or 1, r and s below the group order. Zero
 * r and s pass here and verify never (eth_keys datatypes.py Signature).
 */
export function isWellFormedSignature(signature: Uint8Array): boolean {
  return (
    signature[64] <= 1 &&
    bytesToBigInt(signature.subarray(0, 32)) < GROUP_ORDER &&
    bytesToBigInt(signature.subarray(32, 64)) < GROUP_ORDER
  );
}

/**
 * Whether the header is signed with the key (64 bytes x ‖ y), v being of no account and both s and n − s being good
 * (core.py RootBlockHeader.verify_signature). A key that is no point of the curve signs nothing.
 */
export function isSignedWith(header: RootBlockHeader, publicKey: Uint8Array): boolean {
  if (!isWellFormedSignature(header.signature)) return false;
  const key = concatBytes(UNCOMPRESSED, publicKey);
  const { publicKeyVerify, signatureNormalize, ecdsaVerify } = secp256k1();
  if (!publicKeyVerify(key)) return false;
  const lowS = signatureNormalize(header.signature.slice(0, 64));
  return ecdsaVerify(lowS, rootMiningHash(header), key);
}

/**
 * Whose key signed the header; undefined where no key can have. The signature must be well-formed (posw.py
 * get_posw_info: recover_public_key_from_msg_hash).
 */
export function recoverRootSigner(header: RootBlockHeader): Address | undefined {
  try {
    const rs = header.signature.subarray(0, 64);
    const key = secp256k1().ecdsaRecover(rs, header.signature[64], rootMiningHash(header), false);
    return asAddress(keccak256(key.subarray(1)).subarray(12));
  } catch {
    return undefined;
  }
}
