import { bytesToBigInt, toHex } from "../../../codec/bytes.ts";

/** go-ethereum's words (core/vm/errors.go) for what fails here in the same way. */
const TEXTS: ReadonlyMap<string, string> = new Map([
  ["reverted", "execution reverted"],
  ["insufficient balance", "insufficient balance for transfer"],
  ["jump to no JUMPDEST", "invalid jump destination"],
  ["return data is shorter", "return data out of bounds"],
  ["a contract exists at the new address", "contract address collision"],
  ["out of gas for the new code", "contract creation code storage out of gas"],
  ["the new code is too long", "max code size exceeded"],
  ["the new code starts with 0xef", "invalid code: must not begin with 0xef"],
]);

/** A failure in go-ethereum's words; one that it does not know in ours. */
export function failureText(failure: string): string {
  if (failure.endsWith("in a static call")) return "write protection";
  const byte = /^invalid opcode 0x([0-9a-f]{2})$/.exec(failure)?.[1];
  if (byte !== undefined) return `invalid opcode: ${undefinedOpcode(Number.parseInt(byte, 16))}`;
  return TEXTS.get(failure) ?? failure;
}

/** core/vm/opcodes.go OpCode.String of a byte that stands for nothing; 0xfe has a name. */
export function undefinedOpcode(opcode: number): string {
  return opcode === 0xfe ? "INVALID" : `opcode 0x${opcode.toString(16)} not defined`;
}

/** accounts/abi/abi.go panicReasons. */
const PANICS: ReadonlyMap<bigint, string> = new Map([
  [0x00n, "generic panic"],
  [0x01n, "assert(false)"],
  [0x11n, "arithmetic underflow or overflow"],
  [0x12n, "division or modulo by zero"],
  [0x21n, "enum overflow"],
  [0x22n, "invalid encoded storage byte array accessed"],
  [0x31n, "out-of-bounds array access; popping on an empty array"],
  [0x32n, "out-of-bounds access of an array or bytesN"],
  [0x41n, "out of memory"],
  [0x51n, "uninitialized function"],
]);
const ERROR_SELECTOR = "08c379a0";
const PANIC_SELECTOR = "4e487b71";

/** What Solidity's require, revert and assert say (abi.UnpackRevert); undefined for other output. */
export function revertReason(output: Uint8Array): string | undefined {
  const selector = toHex(output.subarray(0, 4));
  if (selector === PANIC_SELECTOR && output.length >= 36) {
    const code = bytesToBigInt(output.subarray(4, 36));
    return PANICS.get(code) ?? `unknown panic code: 0x${code.toString(16)}`;
  }
  if (selector !== ERROR_SELECTOR || output.length < 68) return undefined;
  const length = bytesToBigInt(output.subarray(36, 68));
  if (length > BigInt(output.length - 68)) return undefined;
  return Buffer.from(output.subarray(68, 68 + Number(length))).toString("utf8");
}
