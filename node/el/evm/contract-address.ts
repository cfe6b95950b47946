import { RLP } from "@ethereumjs/rlp";
import { type Address, asAddress } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { ExecutionAbortedError } from "./abort.ts";

const CREATE2_PREFIX = Uint8Array.of(0xff);

/**
 * Address of a contract created with CREATE or a transaction: the shard key takes part where there is one
 * (pyquarkchain messages.py mk_contract_address).
 */
export function contractAddress(sender: Address, nonce: bigint, fullShardKey: number | undefined): Address {
  if (nonce < 0n) throw new ExecutionAbortedError("a contract address needs the creator's nonce to be above 0");
  const fields = fullShardKey === undefined ? [sender, nonce] : [sender, fullShardKey, nonce];
  return asAddress(keccak256(RLP.encode(fields)).slice(12));
}

/** Address of a contract created with CREATE2 (EIP-1014; messages.py mk_contract_address2). */
export function contractAddress2(sender: Address, salt: Uint8Array, initCode: Uint8Array): Address {
  return asAddress(keccak256(CREATE2_PREFIX, sender, salt, keccak256(initCode)).slice(12));
}
