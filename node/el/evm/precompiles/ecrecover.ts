import { EMPTY_BYTES } from "../../../codec/bytes.ts";
import { keccak256 } from "../../../codec/keccak.ts";
import { recoverPoint } from "../../../codec/secp256k1.ts";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Message, MessageResult } from "../message.ts";
import { readPadded, readWord } from "../words.ts";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Precompile 1: (hash, v, r, s) to the signer's address in a word; no output for what recovers nothing
 * (pyquarkchain specials.py proc_ecrecover).
 */
export function ecrecover(context: ExecutionContext, message: Message): MessageResult {
  const fee = context.chain.rules.gas.ecrecover;
  if (message.gas < fee) return failure(OUT_OF_GAS);
  return { success: true, gasLeft: message.gas - fee, output: recover(message.data) };
}

function recover(data: Uint8Array): Uint8Array {
  const v = readWord(data, 32);
  const r = readWord(data, 64);
  const s = readWord(data, 96);
  if (r >= CURVE_ORDER || s >= CURVE_ORDER || r === 0n || s === 0n || v < 27n || v > 28n) return EMPTY_BYTES;
  const key = recoverPoint(readPadded(data, 64, 64), Number(v) - 27, readPadded(data, 0, 32));
  if (key === undefined) return EMPTY_BYTES;
  const word = keccak256(key);
  word.fill(0, 0, 12);
  return word;
}
