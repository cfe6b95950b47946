import { createHash } from "node:crypto";
import { createRIPEMD160 } from "hash-wasm";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import { wordCount } from "../gas.ts";
import type { Message, MessageResult } from "../message.ts";

// OpenSSL 3 may lack RIPEMD-160, so node:crypto cannot be relied on for it.
const ripemd160Hasher = await createRIPEMD160();

/** Precompile 2. */
export function sha256(context: ExecutionContext, message: Message): MessageResult {
  const { sha256Base, sha256Word } = context.chain.rules.gas;
  return answer(
    message,
    sha256Base + sha256Word * wordCount(message.data.length),
    (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  );
}

/** Precompile 3: the 20-byte hash in a word. */
export function ripemd160(context: ExecutionContext, message: Message): MessageResult {
  const { ripemd160Base, ripemd160Word } = context.chain.rules.gas;
  return answer(message, ripemd160Base + ripemd160Word * wordCount(message.data.length), (data) => {
    const word = new Uint8Array(32);
    word.set(ripemd160Hasher.init().update(data).digest("binary"), 12);
    return word;
  });
}

/** Precompile 4. */
export function identity(context: ExecutionContext, message: Message): MessageResult {
  const { identityBase, identityWord } = context.chain.rules.gas;
  return answer(message, identityBase + identityWord * wordCount(message.data.length), (data) => data.slice());
}

function answer(message: Message, fee: number, compute: (data: Uint8Array) => Uint8Array): MessageResult {
  if (message.gas < fee) return failure(OUT_OF_GAS);
  return { success: true, gasLeft: message.gas - fee, output: compute(message.data) };
}
