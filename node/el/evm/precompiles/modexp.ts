import { bytesToBigInt, EMPTY_BYTES } from "../../../codec/bytes.ts";
import { UnsupportedError } from "../../../codec/errors.ts";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Message, MessageResult } from "../message.ts";
import type { Rules } from "../rules.ts";
import { readPadded, readWord } from "../words.ts";

const HEADER_BYTES = 96;

/** By which text the precompile is priced. */
export type ModexpPricing = "eip198" | "eip2565" | "eip7883";

/** Precompile 5: base^exponent mod modulus (EIP-198; pyquarkchain specials.py proc_modexp). */
export function modexp(context: ExecutionContext, message: Message): MessageResult {
  const { rules } = context.chain;
  const { data, gas, gasReserve = 0n } = message;
  const baseLength = readWord(data, 0);
  const exponentLength = readWord(data, 32);
  const modulusLength = readWord(data, 64);
  const longest = rules.modexpMaxLength;
  if (longest !== undefined && (baseLength > longest || exponentLength > longest || modulusLength > longest)) {
    return failure("a number is too long");
  }
  const fee = price(rules, data, larger(modulusLength, baseLength), baseLength, exponentLength);
  if (gas < fee) {
    if (fee <= BigInt(gas) + gasReserve) throw new UnsupportedError(`MODEXP cannot be computed for ${fee} gas`);
    return failure(OUT_OF_GAS);
  }

  // Paid for, the lengths of base and modulus are small; the exponent's may be any where it does not matter.
  const gasLeft = gas - Number(fee);
  const modulusSize = Number(modulusLength);
  if (modulusSize === 0) return { success: true, gasLeft, output: EMPTY_BYTES };
  if (baseLength === 0n && rules.modexpEmptyBaseIsZero) {
    return { success: true, gasLeft, output: new Uint8Array(modulusSize) };
  }
  const baseSize = Number(baseLength);
  const exponentSize = Number(exponentLength);
  const base = bytesToBigInt(readPadded(data, HEADER_BYTES, baseSize));
  const exponent = readPadded(data, HEADER_BYTES + baseSize, exponentSize);
  const modulus = bytesToBigInt(readPadded(data, HEADER_BYTES + baseSize + exponentSize, modulusSize));
  const output = new Uint8Array(modulusSize);
  if (modulus !== 0n) writeBigEndian(output, powerModulo(base, exponent, modulus));
  return { success: true, gasLeft, output };
}

function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

function price(rules: Rules, data: Uint8Array, length: bigint, baseLength: bigint, exponentLength: bigint): bigint {
  const words = (length + 7n) / 8n;
  const iterations = (tailByte: bigint) => larger(exponentSteps(data, baseLength, exponentLength, tailByte), 1n);
  switch (rules.modexpPricing) {
    case "eip198":
      return (complexity(length) * iterations(8n)) / BigInt(rules.gas.modexpDivisor);
    case "eip2565":
      return larger((words * words * iterations(8n)) / 3n, 200n);
    case "eip7883":
      return larger((length <= 32n ? 16n : 2n * words * words) * iterations(16n), 500n);
  }
}

function complexity(length: bigint): bigint {
  const square = length * length;
  if (length <= 64n) return square;
  if (length <= 1024n) return square / 4n + 96n * length - 3072n;
  return square / 16n + 480n * length - 199680n;
}

/** Bits below the highest set one of the exponent's first 32 bytes, and `tailByte` for each byte behind them. */
function exponentSteps(data: Uint8Array, baseLength: bigint, exponentLength: bigint, tailByte: bigint): bigint {
  const word = readWord(data, HEADER_BYTES + Number(baseLength));
  const head = exponentLength < 32n ? word >> (8n * (32n - exponentLength)) : word;
  const bits = head === 0n ? 0n : BigInt(head.toString(2).length - 1);
  return exponentLength > 32n ? bits + tailByte * (exponentLength - 32n) : bits;
}

function powerModulo(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  const reduced = base % modulus;
  let result = 1n % modulus;
  for (const byte of exponent) {
    for (let bit = 7; bit >= 0; bit--) {
      result = (result * result) % modulus;
      if ((byte >> bit) & 1) result = (result * reduced) % modulus;
    }
  }
  return result;
}

function writeBigEndian(out: Uint8Array, value: bigint): void {
  const hex = value.toString(16).padStart(out.length * 2, "0");
  out.set(Buffer.from(hex, "hex"));
}
