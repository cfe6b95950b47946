import {
  type Address,
  bigIntToBytes,
  bigIntToMinimalBytes,
  bytesEqual,
  concatBytes,
  EMPTY_BYTES,
  ZERO_ADDRESS,
} from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { rlpEncode } from "../../node/codec/rlp.ts";
import { secp256k1 } from "../../node/codec/secp256k1.ts";
import { delegateOf, delegationTo } from "../../node/el/evm/delegation.ts";
import { NONCE_LIMIT } from "../../node/el/evm/system-instructions.ts";
import type { EvmState } from "../../node/el/state/evm-state.ts";
import type { Authorization } from "./format.ts";
import { addressOfPublicKey } from "./sender-address.ts";

const MAGIC = Uint8Array.of(0x05);
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const WORD_LIMIT = 1n << 256n;

/** Bought for each authorization, as if its account did not exist. */
export const AUTHORIZATION_GAS = 25000n;
/** Given back for an account that exists. */
const EXISTING_ACCOUNT_REFUND = 12500n;

/** What a transaction's authorizations came to (EIP-7702). */
export interface AuthorizationOutcome {
  readonly refund: bigint;
  /** Looked at, and so warm. */
  readonly authorities: readonly Address[];
}

/** Lets accounts delegate to others; an authorization that does not hold changes nothing. */
export function applyAuthorizations(
  state: EvmState,
  chainId: bigint,
  authorizations: readonly Authorization[],
): AuthorizationOutcome {
  const authorities: Address[] = [];
  let refund = 0n;
  for (const authorization of authorizations) {
    if (authorization.chainId !== 0n && authorization.chainId !== chainId) continue;
    if (authorization.nonce >= NONCE_LIMIT) continue;
    const authority = authorityOf(authorization);
    if (authority === undefined) continue;
    authorities.push(authority);
    const code = state.getCode(authority);
    if (code.length > 0 && delegateOf(code) === undefined) continue;
    if (state.getNonce(authority) !== authorization.nonce) continue;
    if (state.accountExists(authority)) refund += EXISTING_ACCOUNT_REFUND;
    const { address } = authorization;
    state.setCode(authority, bytesEqual(address, ZERO_ADDRESS) ? EMPTY_BYTES : delegationTo(address));
    state.incrementNonce(authority);
  }
  return { refund, authorities };
}

/** Who signed it; undefined where nobody can have. */
function authorityOf({ chainId, address, nonce, v, yParity, r, s }: Authorization): Address | undefined {
  const parity = yParity ?? v ?? 0n;
  if (parity > 1n || r >= WORD_LIMIT || s > HALF_ORDER) return undefined;
  const fields = [bigIntToMinimalBytes(chainId), address, bigIntToMinimalBytes(nonce)];
  const hash = keccak256(MAGIC, rlpEncode(fields));
  const signature = concatBytes(bigIntToBytes(r, 32), bigIntToBytes(s, 32));
  try {
    return addressOfPublicKey(secp256k1().ecdsaRecover(signature, Number(parity), hash, false));
  } catch {
    // The library tells by throwing that no key gives this signature.
    return undefined;
  }
}
