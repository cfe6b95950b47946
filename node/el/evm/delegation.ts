import { type Address, asAddress } from "../../codec/bytes.ts";

const MARK = [0xef, 0x01, 0x00] as const;
const DESIGNATOR_BYTES = 23;

/** The account that a delegation designator names (EIP-7702: 0xef0100 and an address); undefined for any other code. */
export function delegateOf(code: Uint8Array): Address | undefined {
  if (code.length !== DESIGNATOR_BYTES || MARK.some((byte, index) => code[index] !== byte)) return undefined;
  return asAddress(code.slice(MARK.length));
}

/** The code of an account that delegates to `delegate`. */
export function delegationTo(delegate: Address): Uint8Array {
  const code = new Uint8Array(DESIGNATOR_BYTES);
  code.set(MARK);
  code.set(delegate, MARK.length);
  return code;
}
