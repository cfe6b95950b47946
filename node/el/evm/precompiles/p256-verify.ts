import { p256 } from "@noble/curves/nist.js";
import { EMPTY_BYTES } from "../../../codec/bytes.ts";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Message, MessageResult } from "../message.ts";
import { wordToBytes } from "../words.ts";

const FEE = 6900;
const INPUT_BYTES = 160;
const UNCOMPRESSED = 4;

/** Precompile 256: (hash, r, s, x, y) to one where the signature on secp256r1 holds, else no output (EIP-7951). */
export function p256Verify(_context: ExecutionContext, message: Message): MessageResult {
  if (message.gas < FEE) return failure(OUT_OF_GAS);
  const holds = message.data.length === INPUT_BYTES && verify(message.data);
  return { success: true, gasLeft: message.gas - FEE, output: holds ? wordToBytes(1n) : EMPTY_BYTES };
}

function verify(data: Uint8Array): boolean {
  const key = new Uint8Array(65);
  key[0] = UNCOMPRESSED;
  key.set(data.subarray(96), 1);
  try {
    return p256.verify(data.slice(32, 96), data.slice(0, 32), key, { lowS: false, prehash: false });
  } catch {
    // The library tells numbers out of range and points off the curve by throwing.
    return false;
  }
}
